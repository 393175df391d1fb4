"""What `run.py` alone says."""

WELCOME = """\
Liên Thông carries citizens' dossiers between public systems: none lost, none doubled, each in order.
Liên Thông chuyển hồ sơ của người dân giữa các hệ thống công: không mất, không trùng, đúng thứ tự.

  python3 run.py demo           see it at work on this machine; nothing else to prepare
  python3 run.py account        the proof that everything is accounted for
  python3 run.py trace NUMBER   one dossier (hồ sơ) over all systems

  python3 run.py --help         every command
"""
