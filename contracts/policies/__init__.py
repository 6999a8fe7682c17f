"""Terms made of clauses: in words, as a form's values, as ODRL JSON-LD, and as what a job must do."""
