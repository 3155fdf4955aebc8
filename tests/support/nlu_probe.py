"""Runs inside Rasa's environment: exercises our components through Rasa's own classes and prints JSON."""

import json
import sys
import tempfile
from pathlib import Path

from rasa.engine.graph import ExecutionContext, GraphSchema, SchemaNode
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.engine.training.fingerprinting import calculate_fingerprint_key
from rasa.nlu.tokenizers.whitespace_tokenizer import WhitespaceTokenizer
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.encoder import Encoder
from bot.nlu.intent_classifier_component import TunedIntentClassifier
from bot.nlu.minilm_featurizer_component import EmbedderChanged, MiniLMFeaturizer

GREETINGS = ["hello", "hi there", "good morning", "hey", "good evening", "hello again"]
PARCELS = ["where is my parcel", "parcel not here", "my parcel is late", "no parcel yet", "parcel lost", "late parcel"]


def fingerprint(folder: Path) -> str:
    """What Rasa's cache keys the featurizer by."""
    config = {**MiniLMFeaturizer.get_default_config(), "folder": str(folder)}
    return calculate_fingerprint_key(MiniLMFeaturizer, config, {})


def main(folder: Path, other: Path) -> None:
    """`folder` and `other` hold embedders that differ in a byte; the report goes to standard output."""
    context = ExecutionContext(
        GraphSchema({"here": SchemaNode({}, MiniLMFeaturizer, "create", "process", {})}), "probe"
    )
    context.node_name = "here"
    storage = LocalModelStorage.create(Path(tempfile.mkdtemp()))
    config = {**MiniLMFeaturizer.get_default_config(), "folder": str(folder)}
    featurizer = MiniLMFeaturizer.create(config, storage, Resource("embedder"), context)
    examples = [Message.build(text, "greet") for text in GREETINGS] + [Message.build(text, "late") for text in PARCELS]
    data = TrainingData([*examples, Message({"intent": "bare"})])
    featurizer.train(data)
    data = featurizer.process_training_data(data)
    tuned = {**TunedIntentClassifier.get_default_config(), "folds": 3}
    TunedIntentClassifier.create(tuned, storage, Resource("intents"), context).train(data)
    question = Message({"text": "good morning to you"})
    empty = Message({"text": ""})
    loaded = MiniLMFeaturizer.load(config, storage, Resource("embedder"), context)
    classifier = TunedIntentClassifier.load(tuned, storage, Resource("intents"), context)
    classifier.process(loaded.process([question, empty]))
    vector = question.get_dense_features("text")[1].features
    try:
        MiniLMFeaturizer.load({**config, "folder": str(other)}, storage, Resource("embedder"), context)
        refused = False
    except EmbedderChanged:
        refused = True
    report = {
        "shape": list(vector.shape),
        "same_as_encoder": bool((vector[0] == Encoder(folder).encode_with_wording([question.get("text")])[0]).all()),
        "featurised": sum(each.get_dense_features("text")[1] is not None for each in data.training_examples),
        "tokenizer_first": WhitespaceTokenizer.__bases__[0] in MiniLMFeaturizer.required_components(),
        "intent": question.get("intent")["name"],
        "ranked": len(question.get("intent_ranking")),
        "empty": empty.get("intent"),
        "fingerprints": [fingerprint(folder), fingerprint(folder), fingerprint(other)],
        "refused": refused,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
