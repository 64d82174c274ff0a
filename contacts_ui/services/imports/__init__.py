"""Importing contacts from a file: upload, match the columns, see everything that would happen, confirm.

`services.files` reads the file and guesses which column is which field. `uploads` keeps it between the steps and makes
a job of it. `checking` says what would happen to every line; `values` reads the cells, and `questions` asks about what
the file leaves in doubt. `rows` imports one line.
"""
