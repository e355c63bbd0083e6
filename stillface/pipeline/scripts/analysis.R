# Copy this file under another name before you change it: the next run writes it anew.
# Reads measures_long.csv, repairs.csv and sessions.csv of the folder above this one.
# Run it in its own folder: Rscript analysis.R
# Needs nlme and survival, which come with R.
library(nlme)
library(survival)

measure    <- "pct_negative"   # any measure of the codebook that is a share, a rate or a mean
role       <- @{focal}
scheme     <- ""               # "" takes the first scheme that has the measure
code       <- ""
rule       <- ""               # a match rule, for measures of the dyad (role "dyad")
focal      <- @{focal}          # whose group and covariates count
episodes   <- @{episodes}
contrasts  <- @{contrasts}
covariates <- @{covariates}

# Everything is read as text, so that an id 007 or a group "T" stays what it is.
table_of <- function(name)
  read.csv(file.path("..", name), colClasses = "character", na.strings = character(0),
           encoding = "UTF-8", check.names = FALSE)
long   <- table_of("measures_long.csv")
people <- table_of("sessions.csv")
people <- people[people$role == focal, ]
numeric_or_text <- function(x) {
  known <- x[!is.na(x)]
  if (length(known) && !anyNA(suppressWarnings(as.numeric(known)))) as.numeric(x) else x
}

d <- long[long$measure == measure & long$role == role & long$code == code & long$match_rule == rule &
          long$episode_id %in% episodes & long$value != "", ]
if (nrow(d) == 0) stop("no value of ", measure, " for ", role, ": set measure, role, code and rule above")
if (scheme == "") scheme <- d$scheme_id[1]
d <- d[d$scheme_id == scheme, ]
d$value <- as.numeric(d$value)
d <- merge(d, people[, setdiff(names(people), c("dyad_id", "protocol_id", "role"))],
           by = "session_id", all.x = TRUE)
d$group[is.na(d$group)] <- ""
d$family_id[is.na(d$family_id) | d$family_id == ""] <- d$dyad_id[is.na(d$family_id) | d$family_id == ""]
d$episode <- factor(d$episode_id, levels = episodes[episodes %in% d$episode_id])
d$group <- factor(d$group, levels = sort(unique(d$group), method = "radix"))

# Means by group and episode.
means <- do.call(rbind, lapply(split(d, list(d$group, d$episode), drop = TRUE), function(x)
  data.frame(group = x$group[1], episode = x$episode[1], mean = mean(x$value), sd = sd(x$value),
             n = nrow(x))))
print(means, row.names = FALSE)

# Paired contrasts; sessions of one family are averaged first.
contrast_of <- function(x, pair) {
  by_session <- tapply(x$value, list(x$session_id, factor(x$episode_id, levels = pair)), mean)
  both <- by_session[!is.na(by_session[, 1]) & !is.na(by_session[, 2]), , drop = FALSE]
  if (nrow(both) == 0) return(NULL)
  family <- x$family_id[match(rownames(both), x$session_id)]
  later <- tapply(both[, 1], family, mean); earlier <- tapply(both[, 2], family, mean)
  n <- length(later)
  if (n < 2) return(NULL)
  dif <- later - earlier
  data.frame(contrast = paste(pair, collapse = "-"), mean_difference = mean(dif), sd_difference = sd(dif),
             t = mean(dif) / (sd(dif) / sqrt(n)), df = n - 1,
             p = 2 * pt(-abs(mean(dif) / (sd(dif) / sqrt(n))), n - 1),
             d_z = mean(dif) / sd(dif), d_av = mean(dif) / ((sd(later) + sd(earlier)) / 2), n_families = n)
}
effects <- do.call(rbind, lapply(contrasts, function(pair) contrast_of(d, pair)))
print(effects, row.names = FALSE)

# Mixed model: episode by group where there are groups, dyads random within families where families have
# several. Sessions without a covariate are left out; a covariate that is the same in all is no covariate.
terms <- if (length(unique(d$group)) > 1) "episode * group" else "episode"
m <- d
for (name in covariates) {
  column <- if (name %in% names(m)) name else paste0("covariate_", name)
  if (!column %in% names(m)) next
  x <- m[[column]]; x[!is.na(x) & x == ""] <- NA
  if (all(is.na(x))) next
  m <- m[!is.na(x), ]; x <- numeric_or_text(x[!is.na(x)])
  if (is.character(x)) x <- factor(x, levels = sort(unique(x), method = "radix"))
  m[[paste0("x_", make.names(name))]] <- x
}
for (column in grep("^x_", names(m), value = TRUE)) if (length(unique(m[[column]])) > 1) {
  if (is.numeric(m[[column]])) m[[column]] <- m[[column]] - mean(m[[column]])
  terms <- paste(terms, "+", column)
}
m <- droplevels(m)
nested <- length(unique(m$dyad_id)) > length(unique(m$family_id))
random <- if (nested) ~ 1 | family_id / dyad_id else ~ 1 | family_id
if (length(unique(m$dyad_id)) >= 5 && nlevels(m$episode) > 1) {
  model <- lme(as.formula(paste("value ~", terms)), random = random, data = m, method = "REML")
  print(summary(model)$tTable)
}

# Waiting times are censored: never average them. Recovery in the reunion:
r <- long[long$measure == "recovery_latency_s" & long$value != "", ]
if (nrow(r) > 0) {
  r$value <- as.numeric(r$value); r$seen <- 1 - as.numeric(r$censored)
  # Sessions of one family depend on each other.
  family <- people$family_id[match(r$session_id, people$session_id)]
  r$family <- ifelse(is.na(family) | family == "", r$dyad_id, family)
  recovery <- survfit(Surv(value, seen) ~ code + match_rule, data = r, cluster = family,
                      conf.type = "log-log")
  print(recovery)
}

# Moments: each coded event with its own clock; several a dyad, so the limits are clustered by dyad.
w <- if (file.exists("../moments.csv")) table_of("moments.csv") else data.frame(recovery_s = character(0))
w <- w[w$recovery_s != "", ]
if (nrow(w) > 0) {
  w$recovery_s <- as.numeric(w$recovery_s); w$seen <- 1 - as.numeric(w$censored)
  moments <- survfit(Surv(recovery_s, seen) ~ moment_id + match_rule, data = w, cluster = dyad_id)
  print(moments)
}

# Repairs: several bouts a dyad, so the errors are clustered by dyad. Bouts whose onset was not seen,
# or that a turn to shared negative ended, have no waiting time to a repair of their own.
b <- table_of("repairs.csv")
b <- b[b$left_trunc == "0" & b$ended_by != "shared_negative", ]
if (length(unique(b$episode_id)) > 1) {
  b$duration_s <- as.numeric(b$duration_s); b$seen <- 1 - as.numeric(b$censored)
  print(coxph(Surv(duration_s, seen) ~ episode_id + strata(match_rule), cluster = dyad_id, data = b))
}
