"""Where Redress runs: the template, its deployment to AWS, and the same template on this machine.

Nothing here is shipped inside a function, and nothing under chalicelib but `cli` may import it.
"""
