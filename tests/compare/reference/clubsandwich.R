# clubSandwich 0.5.8, R 4.2.2: CR0-CR2 with Satterthwaite df, with and without weights; HTZ. Prints values used in test_robust.py.
suppressMessages(library(clubSandwich)); options(digits = 12)
h <- read.csv("/work/shared/data/hsb82/hsb82.csv"); h$catholic <- as.numeric(h$sector == "Catholic")
h$w <- 1 + (seq_len(nrow(h)) %% 3)
show <- function(fit, type, ...) {
  V <- vcovCR(fit, cluster = h$school, type = type, ...)
  t <- coef_test(fit, V, test = "Satterthwaite")
  print(data.frame(beta = t$beta, se = t$SE, df = t$df_Satt %||% t$df, p = t$p_Satt %||% t$p), digits = 12)
  V
}
`%||%` <- function(a, b) if (is.null(a)) b else a
m <- lm(mAch ~ ses + catholic, h)
for (type in c("CR0", "CR1", "CR1S", "CR2")) { cat(type, "\n"); V <- show(m, type) }
print(Wald_test(m, constrain_zero(2:3), V, test = "HTZ"), digits = 12)
mw <- lm(mAch ~ ses + catholic, h, weights = w)
for (type in c("CR0", "CR2")) { cat("weighted", type, "\n"); V <- show(mw, type) }
print(Wald_test(mw, constrain_zero(2:3), V, test = "HTZ"), digits = 12)
cat("weighted inverse_var\n"); V <- show(mw, "CR2", inverse_var = TRUE)
suppressMessages(library(sandwich))
for (type in c("HC0", "HC1", "HC2", "HC3")) print(sqrt(diag(vcovHC(mw, type = type))), digits = 12)
small <- h[h$school %in% unique(h$school)[c(1:4, 100:103)], ]; h <- small
ms <- lm(mAch ~ ses + catholic, small); cat("small\n"); V <- show(ms, "CR2")
