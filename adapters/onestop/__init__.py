"""The provincial one-stop system (một cửa, VNPT iGate)."""
