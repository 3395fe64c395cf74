"""Send times in a simulator whose truth is known: the truth, the policies, the judge."""
