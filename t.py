from jsonargparse import ArgumentParser
from torchjd.aggregation import *
p = ArgumentParser()
p.add_argument("--method", type=Aggregator)
def go(c):
    try:
        print(p.instantiate(p.parse_object({"method": c})).method)
    except Exception as e: print(type(e), str(e)[:600])
A="torchjd.aggregation."
go({"class_path":A+"GramianWeightedAggregator","init_args":{"gramian_weighting":{"class_path":A+"UPGradWeighting"}}})
go({"class_path":A+"GramianWeightedAggregator","init_args":{"gramian_weighting":{"class_path":A+"SDMGradWeighting","init_args":{"lr":3}}}})
go({"class_path":A+"GramianWeightedAggregator","init_args":{"gramian_weighting":A+"UPGradWeighting"}})
go({"class_path":A+"GramianWeightedAggregator","init_args":{"gramian_weighting":{"class_path":A+"MGDAWeighting", "init_args":{"epsilon":1.0}}}})
