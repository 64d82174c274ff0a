// Everything that a page does by itself. Where the files are collected, they are one (dashboard/static_files.py).
import "./timezone.js"
import "./keyboard.js"
import "./focus.js"
import "./dialogs.js"
import "./requests.js"
import "./choosing.js"
import "./countdown.js"
