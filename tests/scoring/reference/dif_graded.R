# Expected values of test_dif_graded.py. R 4.2.2: Mantel's test by coin 1.4-2 (linear by linear, stratified), the
# standardized mean difference by its formula, cumulative logits by MASS::polr and optim.
suppressMessages({library(coin); library(MASS); library(lme4)}); options(digits = 15)
X <- sapply(levels(VerbAgg$item), function(i) { d <- VerbAgg[VerbAgg$item == i, ]; as.integer(d$resp[order(as.integer(d$id))]) - 1L })
g <- VerbAgg$Gender[match(1:316, as.integer(VerbAgg$id))]
writeLines(paste(apply(X, 1, paste, collapse = ""), g, sep = ","), "verbal_aggression.csv")
f <- as.integer(g == "M"); s <- rowSums(X)
show <- function(...) cat(..., "\n")
for (j in c(1, 6, 14, 17, 22)) {
  y <- X[, j]
  keep <- s %in% names(which(table(s) > 1))
  mantel <- statistic(independence_test(y[keep] ~ factor(f[keep]) | factor(s[keep]), teststat = "quadratic"))
  smd <- 0; variance <- 0; nf <- sum(sapply(unique(s), function(k) if (length(unique(f[s == k])) == 2) sum(f[s == k]) else 0))
  for (k in unique(s)) { a <- y[s == k & f == 1]; b <- y[s == k & f == 0]; m <- length(a); n <- length(b)
    if (m && n) { smd <- smd + m / nf * (mean(a) - mean(b)); variance <- variance + (m / nf)^2 * (1 / m + 1 / n)^2 * m * n / (m + n) * var(c(a, b)) } }
  show("mantel", j, format(c(mantel, smd, sqrt(variance), smd / sd(y)), digits = 14))
  null <- polr(factor(y) ~ 1); fits <- list(polr(factor(y) ~ s), polr(factor(y) ~ s + f), polr(factor(y) ~ s * f))
  # polr stops early: sharpen each by Newton steps on its own parameters
  sharp <- lapply(fits, function(m) { x <- model.matrix(m)[, -1, drop = FALSE]; p <- ncol(x); c0 <- apply(x, 2, sd)
    x <- sweep(x, 2, c0, "/"); score <- function(v) { eta <- drop(x %*% v[1:p]); z <- v[p + 1:2]
      F <- cbind(0, plogis(z[1] - eta), plogis(z[2] - eta), 1); sum(log(F[cbind(1:316, y + 2)] - F[cbind(1:316, y + 1)])) }
    v <- c(coef(m) * c0, m$zeta); for (turn in 1:6) v <- optim(v, function(v) -score(v), method = "BFGS", control = list(reltol = 1e-16, maxit = 1000, ndeps = rep(1e-5, p + 2)))$par
    e <- sqrt(diag(solve(-numDeriv::hessian(score, v))))
    list(l = score(v), b = v[1:p] / c0, z = v[p + 1:2], e = c(e[p + 1:2], e[1:p] / c0)) })
  l <- sapply(sharp, `[[`, "l"); n <- length(y); r2 <- (1 - exp(2 / n * (as.numeric(logLik(null)) - l))) / (1 - exp(2 / n * as.numeric(logLik(null))))
  show("logistic", j, format(c(l, r2, sharp[[2]]$z, sharp[[2]]$b, sharp[[2]]$e), digits = 12))
}
