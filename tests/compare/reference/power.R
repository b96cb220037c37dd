# Expected values of tests/compare/test_planning.py. R 4.2.2, stats, pwr 1.3-0.
library(pwr)
show <- function(name, x) cat(sprintf("%-46s %.12g\n", name, x))
show("power.t.test n 64 a group, delta .5", power.t.test(n = 64, delta = .5, strict = TRUE)$power)
show("pwr.t2n.test 100 v 50, d .4", pwr.t2n.test(n1 = 100, n2 = 50, d = .4)$power)
show("pwr.t2n.test mdes 100 v 50, power .8", pwr.t2n.test(n1 = 100, n2 = 50, power = .8)$d)
show("power.t.test delta, n 200 a group, power .8", power.t.test(n = 200, power = .8, strict = TRUE)$delta)
show("power.prop.test n 100 .5 v .7", power.prop.test(n = 100, p1 = .5, p2 = .7, strict = TRUE)$power)
show("pwr.2p2n.test 100 v 80, h(.7,.5)", pwr.2p2n.test(h = ES.h(.7, .5), n1 = 100, n2 = 80)$power)
