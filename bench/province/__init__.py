"""The province as load: dossiers as citizens submit them."""
