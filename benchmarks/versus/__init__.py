"""Other libraries on the same questions: what is measured, in which process, and how rows are set against ours."""
