"""iOffice and other document systems (QLVB) behind the document exchange axis (trục liên thông văn bản)."""
