"""The province's figures (số liệu của tỉnh) over a period: counted in one pass, shown as tables."""
