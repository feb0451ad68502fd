"""Take in what another Winnow measured: its Parquet package, as hostile input."""
