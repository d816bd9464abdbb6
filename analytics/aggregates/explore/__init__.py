"""Any measure by any dimension: a question is read, the smallest table asked, and small cells are hidden."""
