import pytest
from llm4rec.encoders.adapting import adapt, TASKS
from .conftest import shop
import json
@pytest.mark.parametrize("method",["head","last:2","lora","prefix","full"])
def test_m(quick,tmp_path,method):
    r=adapt(shop(),tmp_path/"e",quick(method=method))
    print(json.dumps(r.report["tasks"]),r.report["probe"],r.notes)
@pytest.mark.parametrize("tower",["feed-forward","convolutional","recurrent"])
def test_t(quick,tmp_path,tower):
    r=adapt(shop(),tmp_path/"e",quick(method="full",tasks=TASKS,tower=tower))
    print(json.dumps(r.report["tasks"],indent=0),r.report["probe"],r.notes)
