"""The edge to the outside: letters go out by SES, SMTP or a folder, and news of them comes back."""
