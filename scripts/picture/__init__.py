"""picture - what scripts/pictures.py draws with: sources.py reads, canvas.py draws, and each other module is one picture."""
