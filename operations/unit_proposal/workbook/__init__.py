"""Workbooks in and out: reading in a child process, the template, the fast writer. No database here."""
