# Expected values of tests/compare/test_survival.py: survival 3.5-3, cmprsk 2.2-11, R 4.2.2.
suppressMessages({library(survival); library(cmprsk)})
options(digits = 15)
set.seed(20260101)
n <- 40
d <- data.frame(
  entry = round(rexp(n, 1 / 3), 1), time = NA, cause = sample(0:2, n, TRUE, c(.3, .4, .3)),
  group = sample(c("a", "b", "c"), n, TRUE), stratum = sample(1:2, n, TRUE), w = round(runif(n, .5, 3), 2)
)
d$time <- d$entry + ceiling(rexp(n, 1 / 6))
write.csv(d, "survival_small.csv", row.names = FALSE)
show <- function(name, x) cat(name, paste(format(x, digits = 15), collapse = ", "), "\n")

f <- survfit(Surv(time, cause > 0) ~ 1, d)
s <- summary(f, times = c(2, 5, 9)); show("km S", s$surv); show("km se", s$std.err)
for (kind in c("log-log", "log", "plain", "logit", "arcsin")) {
  s <- summary(survfit(Surv(time, cause > 0) ~ 1, d, conf.type = kind), times = c(2, 5, 9))
  show(paste(kind, "low"), s$lower); show(paste(kind, "high"), s$upper)
}
q <- quantile(survfit(Surv(time, cause > 0) ~ 1, d, conf.type = "log-log"), c(.25, .5, .75))
show("q", q$quantile); show("q low", q$lower); show("q high", q$upper)
f <- survfit(Surv(entry, time, cause > 0) ~ 1, d)
s <- summary(f, times = c(5, 7, 9)); show("entry S", s$surv); show("entry se", s$std.err); show("entry n", s$n.risk)
f <- survfit(Surv(time, cause > 0) ~ 1, d, weights = w)
s <- summary(f, times = c(2, 5, 9)); show("w S", s$surv); show("w robust se", s$std.err)
f <- survfit(Surv(time, cause > 0) ~ 1, d, weights = w, robust = FALSE)
s <- summary(f, times = c(2, 5, 9)); show("w greenwood se", s$std.err)
f <- survfit(Surv(entry, time, cause > 0) ~ 1, d, weights = w, robust = TRUE, id = seq_len(n))
s <- summary(f, times = c(5, 7, 9)); show("w entry S", s$surv); show("w entry robust se", s$std.err)
f <- survfit(Surv(time, cause > 0) ~ group, d)
t <- summary(f, rmean = 8)$table; show("rmean", t[, "rmean"]); show("se(rmean)", t[, "se(rmean)"])
for (rho in c(0, 1)) {
  x <- survdiff(Surv(time, cause > 0) ~ group, d, rho = rho)
  show(paste("lr", rho), c(x$chisq, x$obs, x$exp, x$var))
  x <- survdiff(Surv(time, cause > 0) ~ group + strata(stratum), d, rho = rho)
  show(paste("lr strat", rho), c(x$chisq, rowSums(x$obs), rowSums(x$exp)))
}
x <- coxph(Surv(entry, time, cause > 0) ~ group, d, ties = "exact")$score
show("lr entry (score test, exact ties)", x)
f <- survfit(Surv(time, factor(cause)) ~ 1, d)
s <- summary(f, times = c(2, 5, 9)); show("aj F1", s$pstate[, 2]); show("aj ij se1", s$std.err[, 2]); show("aj F2", s$pstate[, 3]); show("ij se2", s$std.err[, 3])
f <- survfit(Surv(time, factor(cause)) ~ 1, d, weights = w)
s <- summary(f, times = c(2, 5, 9)); show("w aj F1", s$pstate[, 2]); show("w aj ij se1", s$std.err[, 2])
f <- survfit(Surv(entry, time, factor(cause)) ~ 1, d, weights = w, id = seq_len(n))
s <- summary(f, times = c(5, 7, 9)); show("w entry aj F1", s$pstate[, 2]); show("w entry aj se1", s$std.err[, 2])
g <- cuminc(d$time, d$cause, d$group)
print(g$Tests, digits = 15)
tp <- timepoints(g, c(2, 5, 9)); print(tp$est, digits = 15); print(tp$var, digits = 15)
g <- cuminc(d$time, d$cause, d$group, strata = d$stratum, rho = 0); cat("strata\n"); print(g$Tests, digits = 15)
g <- cuminc(d$time, d$cause, d$group, rho = 1); cat("rho 1\n"); print(g$Tests, digits = 15)

m <- mgus2
m$etime <- with(m, ifelse(pstat == 0, futime, ptime)); m$event <- with(m, ifelse(pstat == 0, 2 * death, 1))
write.csv(m[, c("etime", "event", "sex")], "mgus2.csv", row.names = FALSE)
write.csv(lung[, c("time", "status", "sex", "age")], "lung.csv", row.names = FALSE)
g <- cuminc(m$etime, m$event, m$sex); print(g$Tests, digits = 15); print(timepoints(g, c(60, 120, 240)), digits = 12)
