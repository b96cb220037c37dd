# psych 2.2.9, GPArotation 2022.10-2, R 4.2.2
suppressMessages({library(psych); library(GPArotation)})
options(digits=10)
t9 <- diag(9); t9[lower.tri(t9)] <- 0
v <- c(.828,.776,.779,.439,.493,.460,.432,.464,.425,.674,.447,.489,.443,.590,.541,.447,.432,.401,.381,.402,.288,.541,.537,.534,.350,.367,.320,.555,.380,.358,.359,.424,.446,.325,.598,.452)
k <- 1; R <- diag(9); for (i in 2:9) for (j in 1:(i-1)) {R[i,j] <- R[j,i] <- v[k]; k <- k+1}
o <- omega(R, nfactors=3, fm="minres", n.obs=213, plot=FALSE)
print(c(o$omega_h,o$omega.tot,o$alpha,o$G6,o$omega.lim)); print(o$schmid$sl); print(o$omega.group)
f <- fa(R, 3, fm="minres", rotate="oblimin"); print(f$loadings[,]); print(f$Phi); print(f$objective)
f1 <- omega(R, nfactors=2, plot=FALSE, n.obs=213); print(c(f1$omega_h,f1$omega.tot))
f1 <- omega(R, nfactors=1, plot=FALSE, n.obs=213); print(c(f1$omega_h,f1$omega.tot))
sf <- matrix(c(9,2,5,8,6,1,3,2,8,4,6,8,7,1,2,6,10,5,6,9,6,2,4,7),ncol=4,byrow=TRUE)
a <- alpha(as.data.frame(sf)); print(a$total); print(a$feldt); print(a$alpha.drop)
