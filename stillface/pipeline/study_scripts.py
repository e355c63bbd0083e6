"""Scripts that read the exported tables in R and SPSS, ready to run beside them."""

from __future__ import annotations

__all__ = ["R_SCRIPT", "SPSS_SCRIPT"]

R_SCRIPT = """\
# Reads measures_long.csv, repairs.csv and sessions.csv of the folder above this one.
# Needs the packages lme4 and survival:  install.packages(c("lme4", "survival"))
library(lme4)
library(survival)

measure  <- "pct_negative"   # any measure of the codebook that is a share, a rate or a mean
role     <- "infant"         # or "dyad"; then set rule
rule     <- ""               # a match rule, for dyad measures
episodes <- c("PL", "SF", "RE")

long     <- read.csv("../measures_long.csv", stringsAsFactors = FALSE)
sessions <- read.csv("../sessions.csv", stringsAsFactors = FALSE)
people   <- sessions[!duplicated(sessions$session_id), ]   # the first role listed is the focal one
people$family_id[people$family_id == ""] <- people$dyad_id[people$family_id == ""]

d <- long[long$measure == measure & long$role == role & long$match_rule == rule &
          long$code == "" & long$episode_id %in% episodes & long$status == "OK", ]
d <- merge(d, people[, c("session_id", "family_id", "sex", "group", "age_days")], by = "session_id")
d$episode <- factor(d$episode_id, levels = episodes)

# Episode by group where there are groups; dyads random within families where families have several.
fixed  <- if (length(unique(d$group)) > 1) "value ~ episode * group" else "value ~ episode"
random <- if (length(unique(d$dyad_id)) > length(unique(d$family_id)))
  "(1 | family_id) + (1 | family_id:dyad_id)" else "(1 | dyad_id)"
model <- lmer(as.formula(paste(fixed, "+", random)), data = d, REML = TRUE)
print(summary(model))
print(confint(model, method = "Wald"))

# Waiting times are censored: never average them. Recovery in the reunion:
r <- long[long$measure == "recovery_latency_s" & !is.na(long$value), ]
if (nrow(r) > 0) {
  r$seen <- 1 - r$censored
  print(survfit(Surv(value, seen) ~ code + match_rule, data = r, conf.type = "log-log"))
}

# Repairs: several bouts a dyad, so the errors are clustered by dyad. Bouts whose onset was not seen,
# or that a turn to shared negative ended, have no waiting time to a repair of their own.
b <- read.csv("../repairs.csv", stringsAsFactors = FALSE)
b <- b[b$left_trunc == 0 & b$ended_by != "shared_negative", ]
if (nrow(b) > 0 && length(unique(b$episode_id)) > 1)
  print(coxph(Surv(duration_s, 1 - censored) ~ episode_id + strata(match_rule), cluster = dyad_id, data = b))
"""

SPSS_SCRIPT = """\
* Reads measures_long.csv of the folder above this one. Set the folder first:  CD '...'.
* Censored and missing values are told by STATUS; the value of a censored row is the time observed.
GET DATA /TYPE=TXT /FILE='../measures_long.csv' /ENCODING='UTF8' /DELIMITERS=',' /QUALIFIER='"'
  /ARRANGEMENT=DELIMITED /FIRSTCASE=2
  /VARIABLES=dyad_id A64 session_id A64 protocol_id A64 episode_id A32 role A32 scheme_id A64 coder_id A64
    measure A64 code A64 match_rule A64 value F20.10 unit A16 n F10.0 scorable_s F12.3 coverage F8.5
    status A16 censored F1.0 flags A100 params_hash A16 software_version A32.
VARIABLE LABELS value 'Value; see unit and status' scorable_s 'Scorable time in s'
  coverage 'Scorable share of the episode' censored 'Value is a censored observation time'.
VALUE LABELS censored 0 'observed' 1 'censored'.
DATASET NAME long.

* Choose one measure: dyad measures need a match rule.
SELECT IF (measure = 'pct_negative' AND role = 'infant' AND code = '' AND status = 'OK'
  AND ANY(episode_id, 'PL', 'SF', 'RE')).
EXECUTE.

* Episode with a random dyad. Add group and families after MATCH FILES with sessions.csv.
MIXED value BY episode_id
  /FIXED=episode_id | SSTYPE(3)
  /METHOD=REML
  /PRINT=SOLUTION TESTCOV
  /RANDOM=INTERCEPT | SUBJECT(dyad_id) COVTYPE(VC)
  /EMMEANS=TABLES(episode_id) COMPARE.
"""
