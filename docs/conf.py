# SPDX-License-Identifier: GPL-2.0-or-later
project = "Kite"
copyright = "2026, the Kite authors"
version = release = "0.1.0"
extensions = []
html_theme = "alabaster"
exclude_patterns = ["_build"]
