import pytest

pytest.register_assert_rewrite("contract_reads", "contract_changes", "contract_undos")
