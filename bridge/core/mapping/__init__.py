"""Field tables: a SOAP field name and its REST counterpart stand here and nowhere else."""
