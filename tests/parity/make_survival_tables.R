# What R gives for Kaplan-Meier curves, log-rank tests, proportions and interval-censored levels.
#   Rscript make_survival_tables.R FOLDER      writes FOLDER/data/*.csv and FOLDER/expected/survival_*.tsv
# README.md says which call made which table.

suppressPackageStartupMessages(library(survival))

arguments <- commandArgs()
here <- dirname(sub("^--file=", "", grep("^--file=", arguments, value = TRUE)))
out <- commandArgs(trailingOnly = TRUE)[1]
for (folder in c("data", "expected")) dir.create(file.path(out, folder), recursive = TRUE, showWarnings = FALSE)

export <- function(frame, name) write.csv(frame, file.path(out, "data", paste0(name, ".csv")), row.names = FALSE)

save <- function(rows, name) {
  table <- do.call(rbind, rows)
  number <- function(x) ifelse(is.na(x), "", sprintf("%.17g", x))
  table[] <- lapply(table, function(column) if (is.numeric(column)) number(column) else as.character(column))
  write.table(table, file.path(out, "expected", paste0("survival_", name, ".tsv")),
              sep = "\t", quote = FALSE, row.names = FALSE)
}

# ---- data -------------------------------------------------------------------------------------
export(lung, "lung")
export(veteran, "veteran")
export(aml, "aml")
cohort <- read.csv(file.path(here, "..", "..", "resources", "trial", "synthetic_cohort.csv"))

make <- function(time, event, ...) data.frame(time = time, event = event, all = "all", ...)
sets <- list(
  lung = make(lung$time, lung$status - 1, sex = lung$sex, old = as.integer(lung$age >= 65)),
  veteran = make(veteran$time, veteran$status, trt = veteran$trt, celltype = as.character(veteran$celltype)),
  aml = make(aml$time, aml$status, x = as.character(aml$x)),
  synthetic_os = make(cohort$OS_DAYS, cohort$OS_EVENT, cohort[c("TRIAL", "AGEGR1", "MRD_C1")]),
  synthetic_lfs = make(cohort$LFS_DAYS, cohort$LFS_EVENT, cohort[c("TRIAL", "AGEGR1", "MRD_C1")]),
  # Whole quarters: every day has ties of events and losses, and the first is day 0.
  synthetic_quarters = make(cohort$LFS_DAYS %/% 90, cohort$LFS_EVENT, cohort[c("TRIAL", "AGEGR1", "MRD_C1")])
)
groups <- function(set) setdiff(names(set), c("time", "event"))
each <- function(what, of = groups) {
  rows <- list()
  for (data in names(sets)) for (group in of(sets[[data]])) for (level in sort(unique(sets[[data]][[group]]))) {
    part <- sets[[data]][sets[[data]][[group]] == level, ]
    rows[[length(rows) + 1]] <- data.frame(data = data, group = group, level = as.character(level), what(part))
  }
  rows
}

# ---- Kaplan-Meier -----------------------------------------------------------------------------
fit <- function(part) survfit(Surv(time, event) ~ 1, data = part, conf.type = "log-log")

save(each(function(part) with(fit(part), data.frame(
  day = time, at_risk = n.risk, n_events = n.event, n_censored = n.censor,
  estimate = surv, low = lower, high = upper
)), of = function(set) groups(set)[1:2]), "curves")

days <- c(0, 1, 5, 11, 24, 90, 365, 730, 1095)
save(each(function(part) {
  found <- summary(fit(part), times = days[days <= max(part$time)])
  with(found, data.frame(day = time, at_risk = n.risk, n_events = cumsum(n.event),
                         estimate = surv, low = lower, high = upper))
}), "at")

save(each(function(part) {
  middle <- function(found) as.data.frame(as.list(summary(found)$table[c("median", "0.95LCL", "0.95UCL")]))
  reverse <- survfit(Surv(time, 1 - event) ~ 1, data = part, conf.type = "log-log")
  found <- cbind(of = c("event", "follow_up"), rbind(middle(fit(part)), middle(reverse)))
  setNames(found, c("of", "median", "low", "high"))
}), "medians")

# ---- log-rank ---------------------------------------------------------------------------------
tests <- list(
  c("lung", "sex", ""), c("lung", "sex", "old"), c("veteran", "trt", ""), c("veteran", "celltype", ""),
  c("veteran", "trt", "celltype"), c("veteran", "celltype", "trt"), c("aml", "x", "")
)
for (data in c("synthetic_os", "synthetic_lfs", "synthetic_quarters")) {
  for (pair in list(c("TRIAL", ""), c("AGEGR1", ""), c("MRD_C1", ""), c("TRIAL", "AGEGR1"), c("TRIAL", "MRD_C1")))
    tests[[length(tests) + 1]] <- c(data, pair)
}
difference <- function(test) {
  set <- sets[[test[1]]]
  set$g <- set[[test[2]]]
  if (test[3] == "") survdiff(Surv(time, event) ~ g, data = set)
  else { set$s <- set[[test[3]]]; survdiff(Surv(time, event) ~ g + strata(s), data = set) }
}
save(lapply(tests, function(test) {
  found <- difference(test)
  data.frame(data = test[1], group = test[2], strata = test[3], statistic = found$chisq,
             df = length(found$n) - 1, p = found$pvalue, n = sum(found$n), n_events = sum(found$obs))
}), "logrank")
save(lapply(tests, function(test) {
  found <- difference(test)
  total <- function(counts) if (is.matrix(counts)) rowSums(counts) else counts
  data.frame(data = test[1], group = test[2], strata = test[3], level = sub("^g=", "", names(found$n)),
             observed = total(found$obs), expected = total(found$exp))
}), "logrank_counts")

# ---- proportions ------------------------------------------------------------------------------
rates <- rbind(c(73, 137), c(55, 121), c(32, 121), c(0, 15), c(15, 15), c(0, 1), c(1, 1), c(1, 2), c(3, 1000), c(999, 1000))
save(list(do.call(rbind, apply(rates, 1, function(rate) {
  wilson <- suppressWarnings(prop.test(rate[1], rate[2], correct = FALSE))$conf.int
  exact <- binom.test(rate[1], rate[2])$conf.int
  data.frame(count = rate[1], total = rate[2], wilson_low = wilson[1], wilson_high = wilson[2],
             exact_low = exact[1], exact_high = exact[2])
}))), "rates")

fourfold <- rbind(c(73, 55, 64, 66), c(3, 1, 1, 3), c(10, 2, 3, 15), c(0, 5, 9, 4), c(1, 0, 20, 21), c(120, 80, 17, 41))
save(list(do.call(rbind, apply(fourfold, 1, function(counts) {
  counts <- as.vector(counts)
  table <- matrix(counts, nrow = 2, byrow = TRUE)
  pearson <- suppressWarnings(chisq.test(table, correct = FALSE))
  yates <- suppressWarnings(chisq.test(table, correct = TRUE))
  data.frame(a = counts[1], b = counts[2], c = counts[3], d = counts[4],
             pearson = pearson$statistic, pearson_p = pearson$p.value,
             yates = yates$statistic, yates_p = yates$p.value, fisher_p = fisher.test(table)$p.value)
}))), "fourfold")
three <- chisq.test(rbind(c(20, 30, 25), c(15, 10, 30)))
save(list(data.frame(statistic = three$statistic, df = three$parameter, p = three$p.value)), "three_trials")

# ---- interval-censored levels -----------------------------------------------------------------
# survfit stops its EM when no share moves by 5e-5: here the same function goes on to 1e-14.
exact_turnbull <- survival:::survfitTurnbull
body(exact_turnbull) <- parse(text = gsub("5e-05", "1e-14", paste(deparse(body(exact_turnbull)), collapse = "\n"), fixed = TRUE))[[1]]
environment(exact_turnbull) <- asNamespace("survival")
assignInNamespace("survfitTurnbull", exact_turnbull, "survival")

# Simulated levels in log10 steps below 1, as results of a laboratory would bound them.
set.seed(20250601)
simulated <- function(case, n, bound) {
  x <- runif(n, 0.5, 6)
  data.frame(case = case, bound(x))
}
level <- function(x) signif(10^-x, 6)
as_levels <- function(from, to) data.frame(low = ifelse(is.finite(to), level(to), NA), high = ifelse(from > 0, level(from), NA))
levels <- rbind(
  simulated("below_a_bound", 120, function(x) { bound <- sample(3:5, length(x), TRUE); as_levels(pmin(x, bound), ifelse(x < bound, x, Inf)) }),
  simulated("ties_at_the_bound", 90, function(x) { x <- pmax(1, round(x)); seen <- runif(length(x)) < 0.5; as_levels(x, ifelse(seen, x, Inf)) }),
  simulated("intervals", 60, function(x) { width <- sample(1:3, length(x), TRUE); from <- floor(x / width) * width; as_levels(from, from + width) }),
  simulated("mixed", 80, function(x) {
    kind <- sample(1:4, length(x), TRUE)
    from <- ifelse(kind == 1, x, ifelse(kind == 3, 0, floor(x)))
    as_levels(from, ifelse(kind == 1, x, ifelse(kind == 4, Inf, floor(x) + 1)))
  })
)
export(levels, "simulated_levels")
cuts <- c(1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
save(lapply(unique(levels$case), function(case) {
  of <- levels[levels$case == case, ]
  # Read from above, t = -log10(level): [low, high) becomes (t(high), t(low)], which is R's interval.
  # Exact levels and upper bounds alone are right-censored in t; interval2 would count one sample
  # too many there (survival 3.5-3 gives 0.1086 for 13 of 120 seen levels above every bound).
  one_sided <- all(is.na(of$low) | of$low == of$high)
  found <- if (one_sided) survfit(Surv(-log10(of$high), !is.na(of$low)) ~ 1)
           else survfit(Surv(-log10(of$high), -log10(of$low), type = "interval2") ~ 1)
  reached <- function(cut) 1 - min(1, found$surv[found$time <= -log10(cut) + 1e-9])
  data.frame(case = case, cut = cuts, share = sapply(cuts, reached))
}), "levels")
