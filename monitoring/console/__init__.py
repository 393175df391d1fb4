"""The console (bàn điều khiển): pages for the person on duty, rendered here, without outside assets."""
