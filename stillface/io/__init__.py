"""Files in and out: settings, code logs, tables and the formats of other tools."""
