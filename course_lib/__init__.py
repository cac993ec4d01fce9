"""How neural networks learn: landscapes, optimizers, schedules, plots and explorers.

The package is thin, and its modules are meant to be read, in this order: `landscapes`, `gradients`,
`optimizers`, `schedules`, `descent`, then `data`, `training`, `plots`. Behind them stand
`arguments`, `refusals`, `mnist`, `places` and `attempts`, which can wait. The folders are rooms of
their own: `live` draws the explorers, `exercises` asks and checks, and `lectures` and `lab` serve
single notebooks.

Importing a module changes nothing outside the package, with two exceptions: `training` sets the
number of torch's threads and keeps Python's garbage collector from scanning torch, and in a browser
matplotlib's message about its fonts is kept off the page.
"""

import logging
import sys

__version__ = "0.1.0"

if sys.platform == "emscripten":
    # In a page, matplotlib lists its fonts at each start and would print that below the first cell.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
