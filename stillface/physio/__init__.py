"""From a raw signal to beats, RSA, skin conductance, and the clock they share with the films."""
