"""Rights on one object: who was granted what on which dataset or contract, why, and until when."""
