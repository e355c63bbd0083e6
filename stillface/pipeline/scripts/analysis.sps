* Copy this file under another name before you change it: the next run writes it anew.
* Reads measures_long.csv and sessions.csv of the folder above this one. Set the folder first:  CD '...'.
* Choose the measure in SELECT IF; measures of the dyad (role 'dyad') need a match rule.
GET DATA /TYPE=TXT /FILE='../sessions.csv' /ENCODING='UTF8' /DELIMITERS=',' /QUALIFIER='"'
  /ARRANGEMENT=DELIMITED /FIRSTCASE=2
  /VARIABLES=@{people}.
SELECT IF (role = '@{focal}').
SORT CASES BY session_id.
MATCH FILES /FILE=* /KEEP=session_id family_id sex group age_days@{kept}.
DATASET COPY people.

GET DATA /TYPE=TXT /FILE='../measures_long.csv' /ENCODING='UTF8' /DELIMITERS=',' /QUALIFIER='"'
  /ARRANGEMENT=DELIMITED /FIRSTCASE=2
  /VARIABLES=@{long}.
DATASET NAME long.
DATASET ACTIVATE long.
VARIABLE LABELS value 'Value; see unit and status' scorable_s 'Scorable time in s'
  coverage 'Scorable share of the episode' censored 'Value is a censored observation time'.
VALUE LABELS censored 0 'observed' 1 'censored'.
SELECT IF (measure = 'pct_negative' AND role = '@{focal}' AND code = '' AND match_rule = ''
  AND status = 'OK' AND ANY(episode_id, @{episodes})).
SORT CASES BY session_id.
MATCH FILES /FILE=* /TABLE=people /BY session_id.
IF (family_id = '') family_id = dyad_id.
EXECUTE.

* Means by episode, and by group and episode.
MEANS TABLES=value BY episode_id /CELLS=MEAN STDDEV COUNT.
MEANS TABLES=value BY group BY episode_id /CELLS=MEAN STDDEV COUNT.

* Episode with random dyads within families, and the covariates. Families with one dyad each: take
* SUBJECT(family_id) alone. Covariates are not centred here: the intercept is at 0 of them.
MIXED value BY episode_id group@{factors}@{with_}
  /FIXED=episode_id group episode_id*group@{fixed} | SSTYPE(3)
  /METHOD=REML
  /PRINT=SOLUTION TESTCOV
  /RANDOM=INTERCEPT | SUBJECT(family_id) COVTYPE(VC)
  /RANDOM=INTERCEPT | SUBJECT(family_id*dyad_id) COVTYPE(VC).

* Paired contrasts; sessions of one family are averaged first.
@{values}
AGGREGATE OUTFILE=* /BREAK=family_id session_id
  /@{means}.
@{pairs}
AGGREGATE OUTFILE=* /BREAK=family_id
  /@{families}.
@{tests}
