# Expected values of tests/compare/test_sensitivity.py: mice 3.15.0, R 4.2.2.
suppressMessages(library(mice)); options(digits = 15)
show <- function(name, x) cat(name, paste(format(x, digits = 15), collapse = ", "), "\n")
Q <- c(1.20, 1.35, 1.10, 1.28, 1.17); U <- c(.40, .42, .38, .41, .39)^2
for (n in list(c(61, 1), c(Inf, 1))) { p <- pool.scalar(Q, U, n = n[1], k = n[2]); show(paste("pool.scalar", n[1]), c(p$qbar, p$ubar, p$b, p$t, p$df, p$r, p$fmi)) }
set.seed(1); imp <- mice(nhanes2, m = 5, print = FALSE, seed = 1); fits <- with(imp, lm(chl ~ bmi + hyp))
each <- t(sapply(fits$analyses, function(f) c(coef(f)["bmi"], sqrt(vcov(f)["bmi", "bmi"]))))
show("bmi estimates", each[, 1]); show("bmi se", each[, 2])
s <- summary(pool(fits), conf.int = TRUE); p <- pool(fits)$pooled
show("pooled bmi", c(s[2, "estimate"], s[2, "std.error"], s[2, "df"], s[2, "p.value"], s[2, "2.5 %"], s[2, "97.5 %"], p[2, "riv"], p[2, "lambda"], p[2, "fmi"], p[2, "dfcom"]))
show("binom", binom.test(9, 12, alternative = "greater")$p.value)
show("binom gamma 2", pbinom(8, 12, 2 / 3, lower.tail = FALSE))
