# Expected values of test_dif.py. R 4.2.2, base: mantelhaen.test, glm and a two-group 2PL by optim with numerical gradient.
# LSAT6 (reference) against LSAT7 (focal): counts of the 32 patterns 00000 to 11111.
f6 <- c(3,6,2,11,1,1,3,4,1,8,0,16,0,3,2,15,10,29,14,81,3,28,15,80,16,56,21,173,11,61,28,298)
f7 <- c(12,19,1,7,3,19,3,17,10,5,3,7,7,23,8,28,7,39,11,34,14,51,15,90,6,25,7,35,18,136,32,308)
pat <- as.matrix(expand.grid(0:1, 0:1, 0:1, 0:1, 0:1))[, 5:1]
z <- seq(-6, 6, length.out = 61); w <- dnorm(z) / sum(dnorm(z))
logl <- function(a, d, m, s, f) {
  L <- sapply(seq_along(z), function(q) { p <- plogis(a * (m + s * z[q]) + d); apply(pat, 1, function(x) prod(ifelse(x == 1, p, 1 - p))) })
  sum(f * log(L %*% w))
}
fit <- function(free, start = NULL) {
  k <- length(free)
  un <- function(v) { a <- v[1:5]; d <- v[6:10]; a2 <- a; d2 <- d
    if (k) { a2[free] <- v[10 + 1:k]; d2[free] <- v[10 + k + 1:k] }
    list(a = a, d = d, a2 = a2, d2 = d2, m = v[11 + 2 * k], s = exp(v[12 + 2 * k])) }
  obj <- function(v) { u <- un(v); -logl(u$a, u$d, 0, 1, f6) - logl(u$a2, u$d2, u$m, u$s, f7) }
  v0 <- c(rep(1, 5), 2.5, 1, .5, 1, 2, rep(1, k), rep(1, k), 0, 0)
  o <- optim(v0, obj, method = "BFGS", control = list(maxit = 2000, reltol = 1e-13))
  o <- optim(o$par, obj, method = "BFGS", control = list(maxit = 2000, reltol = 1e-15))
  c(list(l = -o$value), un(o$par))
}
base <- fit(integer(0)); cat("base", sprintf("%.5f", c(base$l, base$m, base$s)), "\n")
for (j in 1:5) { r <- fit(j); cat("item", j, sprintf("%.5f", c(2 * (r$l - base$l), r$a[j], -r$d[j] / r$a[j], r$a2[j], -r$d2[j] / r$a2[j])), "\n") }
# logistic and Mantel-Haenszel on the same data
D <- rbind(pat[rep(1:32, f6), ], pat[rep(1:32, f7), ]); g <- rep(0:1, c(sum(f6), sum(f7))); s <- rowSums(D)
for (j in 1:5) {
  m0 <- glm(D[, j] ~ s, binomial); m1 <- glm(D[, j] ~ s + g, binomial); m2 <- glm(D[, j] ~ s * g, binomial)
  t <- table(factor(g), factor(1 - D[, j]), s); keep <- s > 0 & s < 5
  mh <- mantelhaen.test(table(factor(g[keep]), factor(1 - D[keep, j]), s[keep])); mn <- mantelhaen.test(table(factor(g[keep]), factor(1 - D[keep, j]), s[keep]), correct = FALSE)
  cat("item", j, "LR", sprintf("%.6f", c(m0$deviance - m1$deviance, m1$deviance - m2$deviance)), "b", sprintf("%.6f", coef(m1)[3]), sprintf("%.6f", sqrt(vcov(m1)[3, 3])),
    "MH", sprintf("%.6f", c(mh$estimate, mh$conf.int, mh$statistic, mn$statistic)), "\n")
}
