# pyright: basic, reportMissingImports=false
"""Run as a script, in an environment of its own: prints where PySceneDetect finds cuts, as JSON.

python peers.py <file>...    ->    {"ContentDetector": [[frames of file 1], ...], "AdaptiveDetector": ...}
"""

import json
import sys

from scenedetect import AdaptiveDetector, ContentDetector, detect

if __name__ == "__main__":
    found = {
        detector.__name__: [
            [start.frame_num for start, _ in detect(file, detector())[1:]] for file in sys.argv[1:]
        ]
        for detector in (ContentDetector, AdaptiveDetector)
    }
    print(json.dumps(found))
