"""The one room that composes: from files of a study to tables and reports."""
