"""What people are told: a row for each, in the way they chose; mails at once or once a day; reminders before and after a date."""
