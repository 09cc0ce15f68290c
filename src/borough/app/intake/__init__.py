"""Things in and out by the file: read, judged row by row, and taken in wholly or not at all."""
