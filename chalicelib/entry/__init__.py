"""One module for each Lambda function, on a blueprint of its own.

What a cold start makes lives on, and looking through all of it again and again for what has died takes a sixth of the
start. So the collector runs less often; what requests leave behind it finds all the same.
"""

import gc

gc.set_threshold(50_000)
