# What R gives for Cox models, Firth's correction, proportional hazards, competing risks and Gray's test.
#   Rscript make_cox_tables.R FOLDER      writes FOLDER/data/heart.csv and FOLDER/expected/{cox,competing}_*.tsv
# README-cox.md says which call made which table.

suppressPackageStartupMessages({ library(survival); library(cmprsk) })

arguments <- commandArgs()
here <- dirname(sub("^--file=", "", grep("^--file=", arguments, value = TRUE)))
out <- commandArgs(trailingOnly = TRUE)[1]
for (folder in c("data", "expected")) dir.create(file.path(out, folder), recursive = TRUE, showWarnings = FALSE)

save <- function(rows, name) {
  table <- do.call(rbind, rows)
  number <- function(x) ifelse(is.na(x), "", sprintf("%.17g", x))
  table[] <- lapply(table, function(column) if (is.numeric(column)) number(column) else as.character(column))
  write.table(table, file.path(out, "expected", paste0(name, ".tsv")), sep = "\t", quote = FALSE, row.names = FALSE)
}

# ---- data -------------------------------------------------------------------------------------
write.csv(heart, file.path(out, "data", "heart.csv"), row.names = FALSE)
cohort <- read.csv(file.path(here, "..", "..", "resources", "trial", "synthetic_cohort.csv"))
is <- function(condition) as.numeric(condition)

# time, event, entry (or none), stratum (or none), and covariates as columns of numbers
case <- function(time, event, covariates, entry = NULL, stratum = NULL) {
  x <- as.matrix(covariates)
  known <- complete.cases(x)
  pick <- function(v) if (is.null(v)) NULL else v[known]
  list(time = time[known], event = event[known], x = x[known, , drop = FALSE], entry = pick(entry), stratum = pick(stratum))
}
of_cohort <- data.frame(
  trial_2023 = is(cohort$TRIAL == "ALL/MRD2023"), age_36_55 = is(cohort$AGEGR1 == "36-55"),
  age_56_65 = is(cohort$AGEGR1 == "56-65"), c1_positive = is(cohort$MRD_C1 == "POS"))
of_veteran <- with(veteran, data.frame(trt, karno, age, smallcell = is(celltype == "smallcell"),
                                       adeno = is(celltype == "adeno"), large = is(celltype == "large")))
of_heart <- with(heart, data.frame(age, year, surgery, transplant = is(transplant == "1")))
months <- list(start = heart$start %/% 30, stop = heart$stop %/% 30 + 1)
cases <- list(
  lung = case(lung$time, lung$status - 1, lung[c("age", "sex", "ph.ecog")]),
  lung_by_sex = case(lung$time, lung$status - 1, lung[c("age", "ph.ecog")], stratum = lung$sex),
  veteran = case(veteran$time, veteran$status, of_veteran),
  veteran_by_cell = case(veteran$time, veteran$status, of_veteran[c("trt", "karno")], stratum = veteran$celltype),
  aml = case(aml$time, aml$status, data.frame(maintained = is(aml$x == "Maintained"))),
  # Half days become whole ones.
  heart = case(2 * heart$stop, heart$event, of_heart, entry = 2 * heart$start),
  heart_by_surgery = case(2 * heart$stop, heart$event, of_heart[c("age", "transplant")], entry = 2 * heart$start, stratum = heart$surgery),
  heart_months = case(months$stop, heart$event, of_heart, entry = months$start),
  synthetic_os = case(cohort$OS_DAYS, cohort$OS_EVENT, of_cohort),
  synthetic_lfs = case(cohort$LFS_DAYS, cohort$LFS_EVENT, of_cohort),
  synthetic_quarters = case(cohort$LFS_DAYS %/% 90, cohort$LFS_EVENT, of_cohort)
)
# A group without an event (its events taken away): the likelihood alone has no maximum.
without <- list(
  no_event = case(cohort$LFS_DAYS, is(cohort$LFS_EVENT & cohort$AGEGR1 != "56-65"), of_cohort[c("age_56_65", "c1_positive")]))

# ---- Cox --------------------------------------------------------------------------------------
response <- function(of) if (is.null(of$entry)) Surv(of$time, of$event) else Surv(of$entry, of$time, of$event)
fit <- function(of, ties) {
  if (is.null(of$stratum)) coxph(response(of) ~ of$x, ties = ties, control = coxph.control(eps = 1e-11, iter.max = 50))
  else coxph(response(of) ~ of$x + strata(of$stratum), ties = ties, control = coxph.control(eps = 1e-11, iter.max = 50))
}
rows <- list()
for (name in names(cases)) for (ties in c("efron", "breslow")) {
  of <- cases[[name]]
  found <- fit(of, ties)
  table <- summary(found)
  rows[[length(rows) + 1]] <- data.frame(
    case = name, method = ties, covariate = colnames(of$x), coef = table$coefficients[, "coef"], se = table$coefficients[, "se(coef)"],
    hazard_ratio = table$conf.int[, 1], low = table$conf.int[, 3], high = table$conf.int[, 4],
    z = table$coefficients[, "z"], p = table$coefficients[, "Pr(>|z|)"],
    loglik_null = found$loglik[1], loglik = found$loglik[2], n = found$n, n_events = found$nevent)
}
save(rows, "cox_fits")

# ---- proportional hazards ---------------------------------------------------------------------
rows <- list()
tested <- function(name, term, table) data.frame(
  case = name, terms = term, covariate = rownames(table), statistic = table[, "chisq"], df = table[, "df"], p = table[, "p"])
for (name in names(cases)) {
  table <- cox.zph(fit(cases[[name]], "efron"), transform = "km", terms = FALSE)$table
  rownames(table) <- sub("^of\\$x", "", rownames(table))
  if (ncol(cases[[name]]$x) == 1) rownames(table)[1] <- colnames(cases[[name]]$x)
  rows[[length(rows) + 1]] <- tested(name, "columns", table)
}
whole <- coxph(Surv(time, status) ~ trt + karno + age + celltype, veteran, control = coxph.control(eps = 1e-11, iter.max = 50))
rows[[length(rows) + 1]] <- tested("veteran", "factors", cox.zph(whole)$table)
save(rows, "cox_proportional")

# ---- Firth ------------------------------------------------------------------------------------
# l*(b) = l(b) + log det I(b) / 2 from the workers of coxph at init = b, iter.max = 0; its gradient by five points.
firth <- function(of, level = 0.95) {
  scale <- apply(of$x, 2, sd)
  x <- sweep(of$x, 2, scale, "/")
  y <- response(of)
  once <- coxph.control(iter.max = 0)
  worker <- if (is.null(of$entry)) survival::coxph.fit else survival::agreg.fit
  at <- function(b) {
    found <- worker(x, y, NULL, NULL, b, once, NULL, "efron", NULL, resid = FALSE)
    if (!all(is.finite(found$var)) || any(diag(found$var) <= 0)) return(list(value = -Inf))
    information <- solve(found$var)
    list(value = found$loglik[1] + determinant(information)$modulus[1] / 2, information = information)
  }
  slope <- function(b, k, h = 2e-3) {
    moved <- function(steps) at(replace(b, k, b[k] + steps * h))$value
    (8 * (moved(1) - moved(-1)) - (moved(2) - moved(-2))) / (12 * h)
  }
  climb <- function(b, free = rep(TRUE, length(b))) {
    if (any(free)) for (i in 1:200) {
      here <- at(b)
      step <- solve(here$information[free, free, drop = FALSE], vapply(which(free), function(k) slope(b, k), 0))
      part <- min(1, 1 / max(abs(step)))
      while (at(replace(b, free, b[free] + part * step))$value < here$value - 1e-10) part <- part / 2
      b[free] <- b[free] + part * step
      if (max(abs(step)) < 1e-9) break
    }
    c(at(b), list(b = b))
  }
  top <- climb(rep(0, ncol(x)))
  se <- sqrt(diag(solve(top$information)))
  z <- qnorm((1 + level) / 2)
  of_one <- function(k) {
    free <- seq_along(top$b) != k
    profile <- function(value) climb(replace(top$b, k, value), free)$value
    limit <- function(sign) {
      short <- function(value) sqrt(2 * max(0, top$value - profile(value))) - z
      ends <- sort(top$b[k] + sign * c(0.7, 1.2) * z * se[k])
      uniroot(short, ends, extendInt = if (sign > 0) "upX" else "downX", tol = 1e-10)$root
    }
    chi <- 2 * (top$value - profile(0))
    data.frame(covariate = colnames(x)[k], coef = top$b[k] / scale[k], se = se[k] / scale[k], low = exp(limit(-1) / scale[k]),
               high = exp(limit(1) / scale[k]), chi_square = chi, p = pchisq(chi, 1, lower.tail = FALSE))
  }
  found <- do.call(rbind, lapply(seq_along(top$b), of_one))
  cbind(found, loglik_null = at(rep(0, ncol(x)))$value + sum(log(scale)), loglik = top$value + sum(log(scale)))
}
of_firth <- c(cases[c("lung", "aml", "heart_months", "synthetic_quarters")], without)
save(lapply(names(of_firth), function(name) data.frame(case = name, firth(of_firth[[name]]))), "cox_firth")

# ---- competing risks --------------------------------------------------------------------------
cause <- ifelse(cohort$LFS_EVENT == 0, "", ifelse(is.na(cohort$RELAPSE_DAY), "death", "relapse"))
followed <- list(
  days = cohort$LFS_DAYS,
  quarters = cohort$LFS_DAYS %/% 90,
  # Everybody's last day is an event.
  emptied = pmin(cohort$LFS_DAYS, 400)
)
causes <- list(days = cause, quarters = cause, emptied = ifelse(cohort$LFS_DAYS >= 400 & cause == "", "death", cause))
rows <- list()
for (name in names(followed)) for (trial in unique(cohort$TRIAL)) {
  part <- cohort$TRIAL == trial
  kind <- factor(causes[[name]][part], c("", "relapse", "death"))
  found <- survfit(Surv(followed[[name]][part], kind) ~ 1, conf.type = "log-log")
  other <- cuminc(followed[[name]][part], as.character(kind), cencode = "")
  for (of in c("relapse", "death")) {
    k <- match(of, found$states)
    steps <- other[[grep(of, names(other))]]
    rows[[length(rows) + 1]] <- data.frame(
      case = name, trial = trial, of = of, day = found$time, at_risk = found$n.risk[, 1], n_events = found$n.event[, k],
      estimate = found$pstate[, k], se = found$std.err[, k], low = found$lower[, k], high = found$upper[, k],
      cmprsk = approx(steps$time, steps$est, found$time, method = "constant", ties = max)$y)
  }
}
save(rows, "competing_curves")

# ---- Gray -------------------------------------------------------------------------------------
tests <- list(
  trial = list(group = cohort$TRIAL), age = list(group = cohort$AGEGR1), c1 = list(group = cohort$MRD_C1),
  trial_by_age = list(group = cohort$TRIAL, strata = cohort$AGEGR1), age_by_trial = list(group = cohort$AGEGR1, strata = cohort$TRIAL))
rows <- list()
for (name in names(followed)) for (test in names(tests)) {
  of <- tests[[test]]
  strata <- if (is.null(of$strata)) rep(1, nrow(cohort)) else of$strata
  found <- cuminc(followed[[name]], causes[[name]], of$group, strata, cencode = "")$Tests
  rows[[length(rows) + 1]] <- data.frame(
    case = name, test = test, of = rownames(found), statistic = found[, "stat"], df = found[, "df"], p = found[, "pv"])
}
save(rows, "competing_gray")

# Without a competing cause Gray's test and the log-rank test ask the same and answer almost the same.
rows <- lapply(names(followed), function(name) {
  time <- followed[[name]]
  event <- is(causes[[name]] != "")
  data.frame(case = name, gray = cuminc(time, event, cohort$TRIAL)$Tests[1, "stat"],
             logrank = survdiff(Surv(time, event) ~ cohort$TRIAL)$chisq)
})
save(rows, "competing_one_cause")
