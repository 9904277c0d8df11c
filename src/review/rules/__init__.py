"""The rules, one module each; :data:`review.scan.DETECTORS` lists them."""
