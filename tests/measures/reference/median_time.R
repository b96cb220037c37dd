# R 4.2, survival: medians with log-log intervals for tests/measures/test_summaries.py
library(survival)
t <- 1:30; e <- as.integer(t %% 5 != 0)
print(quantile(survfit(Surv(t, e) ~ 1, conf.type = "log-log"), 0.5))
print(quantile(survfit(Surv(c(2,3,4,4,6,8), c(1,0,1,1,0,1)) ~ 1, conf.type = "log-log"), 0.5))
print(quantile(survfit(Surv(1:4, rep(1,4)) ~ 1, conf.type = "log-log"), 0.5))
print(quantile(survfit(Surv(c(0,0,0,0,0,7), c(1,1,1,1,1,0)) ~ 1), 0.5))
print(t.test(c(5.1, 6.2, 4.4, 7.0, 5.5, 6.8))$conf.int, digits = 12)
