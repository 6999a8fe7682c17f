"""Jobs: queued, claimed by one worker, run, checked, recorded."""
