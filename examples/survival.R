# The hand-off of mrdq in R:  Rscript examples/survival.R results
# Needs the package survival. What every column means: docs/hand-off.md.
library(survival)

results <- commandArgs(trailingOnly = TRUE)[1]
two_years <- 730
landmark <- 120 # a day by which every sample of post-C1 was taken: choose it for your protocol

# Everything as text first: an id stays what it is (007), and names keep their hyphens.
read_tsv <- function(name) {
  read.delim(file.path(results, name), colClasses = "character", check.names = FALSE)
}
survival_rows <- read_tsv("survival.tsv")
numbers <- grepl("^(time_days|event)$|^mrd_(level|low|high|day)_", names(survival_rows))
survival_rows[numbers] <- lapply(survival_rows[numbers], as.numeric) # an empty cell becomes NA

estimate <- function(rows) { # Kaplan-Meier at two years; NE where nobody was followed so long
  if (!any(rows$time_days >= two_years)) return("NE")
  fit <- survfit(Surv(time_days, event) ~ 1, data = rows)
  sprintf("%.6f", summary(fit, times = two_years)$surv)
}

# Overall survival by trial, from the start of treatment
os <- subset(survival_rows, endpoint == "OS" & !is.na(time_days))
for (name in sort(unique(os$trial))) {
  rows <- subset(os, trial == name)
  cat(sprintf("OS at day 730, %s: %s (n = %d)\n", name, estimate(rows), nrow(rows)))
}
test <- survdiff(Surv(time_days, event) ~ trial, data = os)
cat(sprintf("OS, log-rank between trials: chi-squared %.6f\n", test$chisq))

# Leukaemia-free survival by MRD after C-1. That is known only to those who reached it, so all
# start at a landmark; who relapsed, died or was lost before it is left out.
lfs <- subset(survival_rows, endpoint == "LFS" & !is.na(time_days))
at_landmark <- subset(lfs, time_days >= landmark & `mrd_day_post-C1` <= landmark)
for (class in c("negative", "positive")) {
  rows <- subset(at_landmark, `mrd_class_post-C1` == class)
  cat(sprintf("LFS at day 730 from the landmark, MRD %s: %s (n = %d)\n",
              class, estimate(rows), nrow(rows)))
}

# The MRD level after A-1, with everything that was not quantified as what it is: an interval.
# Who has no bound at all (not evaluable, or positive without an upper bound) is missing.
once <- subset(survival_rows, endpoint == "OS")
level <- Surv(once$`mrd_low_post-A1`, once$`mrd_high_post-A1`, type = "interval2")
model <- survreg(level ~ 1, dist = "lognormal")
cat(sprintf("MRD level after A-1, median of a lognormal: %.3g (n = %d of %d)\n",
            exp(coef(model)), sum(!is.na(level)), length(level)))

# Cumulative incidence of relapse; death without relapse competes (adtte.tsv: CNSR 2)
adtte <- read_tsv("adtte.tsv")
cir <- subset(adtte, PARAMCD == "CIR")
cir$AVAL <- as.numeric(cir$AVAL)
cir$what <- factor(cir$CNSR, c("1", "0", "2"), c("censored", "relapse", "death"))
fit <- survfit(Surv(AVAL, what) ~ 1, data = cir)
share <- summary(fit, times = two_years)$pstate[1, ]
cat(sprintf("Cumulative incidence at day 730: relapse %.6f, death without relapse %.6f\n",
            share[fit$states == "relapse"], share[fit$states == "death"]))
