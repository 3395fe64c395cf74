"""Sources: lines of files and bodies of requests become plain, checked values; nothing is kept."""
