# Expected values of tests/compare/test_hazard.py: survival 3.5-3, R 4.2.2. Run in this folder.
suppressMessages(library(survival)); options(digits = 15)
show <- function(name, x) cat(name, paste(format(x, digits = 15), collapse = ", "), "\n")
d <- read.csv("survival_small.csv"); d$x1 <- as.numeric(d$group == "b"); d$x2 <- (seq_len(nrow(d)) * 7) %% 5; d$t <- ceiling(d$time)
put <- function(name, f) { s <- summary(f); show(name, c(coef(f), sqrt(diag(vcov(f))), f$loglik, s$waldtest[1], s$sctest[1])) }
for (m in c("efron", "breslow")) {
  put(paste("cox", m), coxph(Surv(t, cause > 0) ~ x1 + x2, d, ties = m, eps = 1e-14))
  put(paste("cox entry strata", m), coxph(Surv(entry, time, cause > 0) ~ x1 + x2 + strata(stratum), d, ties = m, eps = 1e-14))
  put(paste("cox weights", m), coxph(Surv(t, cause > 0) ~ x1 + x2, d, ties = m, weights = w, robust = FALSE, eps = 1e-14))
}
pp <- do.call(rbind, lapply(seq_len(nrow(d)), function(i) data.frame(p = 1:d$t[i], y = c(rep(0, d$t[i] - 1), as.numeric(d$cause[i] > 0)), x1 = d$x1[i], x2 = d$x2[i])))
keep <- pp$p %in% unique(pp$p[pp$y == 1]); pp <- pp[keep, ]
full <- tapply(pp$y, pp$p, mean); pp <- pp[full[as.character(pp$p)] < 1, ]
for (l in c("logit", "cloglog")) {
  f <- glm(y ~ 0 + factor(p) + x1 + x2, binomial(l), pp, epsilon = 1e-14, maxit = 100)
  k <- length(coef(f)); show(paste("discrete", l), c(coef(f)[c(k - 1, k)], sqrt(diag(vcov(f)))[c(k - 1, k)], logLik(f), coef(f)[1:3]))
}
l <- read.csv("lung.csv")
put("lung efron", coxph(Surv(time, status == 2) ~ sex + age, l)); put("lung breslow", coxph(Surv(time, status == 2) ~ sex + age, l, ties = "breslow"))
