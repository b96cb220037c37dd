# Expected values of tests/compare/test_effects.py and test_rates.py. R 4.2.2, metafor 3.8-1, effectsize 0.8.2.
suppressMessages({library(metafor); library(effectsize)})
show <- function(name, x) cat(sprintf("%-28s %s\n", name, paste(sprintf("%.12g", x), collapse = " ")))
x <- c(12, 15, 11, 18, 20, 14, 16); y <- c(10, 9, 14, 12, 8, 11)
means <- list(m1i = mean(x), m2i = mean(y), sd1i = sd(x), sd2i = sd(y), n1i = 7, n2i = 6)
for (m in c("SMD", "SMD1", "SMD1H")) {
  e <- do.call(escalc, c(list(m), means)); s <- summary(e)
  show(paste("escalc", m), c(e$yi, sqrt(e$vi), s$ci.lb, s$ci.ub, s$pval))
}
d <- cohens_d(x, y); show("effectsize cohens_d", c(d$Cohens_d, d$CI_low, d$CI_high))
t <- t.test(x, y, var.equal = TRUE); show("t.test", c(t$statistic, t$p.value))
f <- function(p) uniroot(function(nc) pt(t$statistic, 11, nc) - p, c(-5, 10), tol = 1e-12)$root * sqrt(1/7 + 1/6)
show("noncentral limits by uniroot", c(f(.975), f(.025)))
for (m in c("OR", "RR", "RD")) {
  e <- escalc(m, ai = 30, n1i = 60, ci = 80, n2i = 100); s <- summary(e)
  show(paste("escalc", m), c(e$yi, sqrt(e$vi), s$ci.lb, s$ci.ub, s$pval))
}
for (m in c("OR", "RR")) {
  e <- escalc(m, ai = 0, n1i = 20, ci = 5, n2i = 25, add = .5, to = "only0")
  show(paste("escalc, 0.5 added,", m), c(e$yi, sqrt(e$vi)))
}
show("prop.test z", sqrt(prop.test(c(30, 80), c(60, 100), correct = FALSE)$statistic))
show("prop.test p", prop.test(c(30, 80), c(60, 100), correct = FALSE)$p.value)
for (v in list(c(17, 20), c(709, 1167), c(4, 14), c(0, 10), c(10, 10)))
  show(paste("Wilson", v[1], v[2]), prop.test(v[1], v[2], correct = FALSE)$conf.int)
