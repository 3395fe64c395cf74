"""Reports as rows and columns, for spreadsheets and programs."""
