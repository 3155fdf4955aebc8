"""Rasa component that gives every message its MiniLM sentence vector, from ONNX files, on one thread.

Only sentence features: the intent classifier reads those, and the entity extractors of our pipeline read none.
The embedder's files are part of Rasa's training fingerprint, and a model refuses to load beside other files.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any, Dict, List, Text, Type

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import FEATURIZER_CLASS_ALIAS
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.exceptions import RasaException
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.embedder_files import required_files
from bot.nlu.encoder import Encoder

TRAINED_WITH = "embedder.json"


class EmbedderChanged(RasaException):
    """The model was trained with another embedder than the one that is there now."""


def embedder_folder(config: Dict[Text, Any]) -> Path:
    """The folder in use: EMBEDDER_DIR when set (as for the other processes), else the component's own setting."""
    return Path(os.environ.get("EMBEDDER_DIR") or config["folder"])


def embedder_fingerprint(folder: Path) -> str:
    """One hash over the bytes of the embedder's files; raises EmbedderMissing."""
    whole = hashlib.sha256()
    for file in required_files(folder):
        whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class MiniLMFeaturizer(DenseFeaturizer, GraphComponent):
    """Sets a float32 [1, 768] sentence feature on every message that has text."""

    @classmethod
    def required_components(cls) -> List[Type]:
        """A tokenizer must come before, as for every Rasa featurizer."""
        return [Tokenizer]

    @staticmethod
    def required_packages() -> List[Text]:
        """What must be importable in Rasa's environment."""
        return ["onnxruntime", "tokenizers"]

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        """folder: where the export is, relative to the project root; threads: cores one message may use."""
        return {**DenseFeaturizer.get_default_config(), "folder": "var/minilm", "threads": 1}

    @classmethod
    def validate_config(cls, config: Dict[Text, Any]) -> None:
        """Nothing beyond the defaults is checked here; a missing folder is reported with the command that makes it."""

    @classmethod
    def fingerprint_addon(cls, config: Dict[Text, Any]) -> Text:
        """Other embedder files mean other vectors, so that Rasa's cache must not serve the old ones."""
        return embedder_fingerprint(embedder_folder({**cls.get_default_config(), **config}))

    def __init__(self, config: Dict[Text, Any], name: Text, model_storage: ModelStorage, resource: Resource) -> None:
        """Load the encoder; raises EmbedderMissing."""
        super().__init__(name, {**config, FEATURIZER_CLASS_ALIAS: config.get(FEATURIZER_CLASS_ALIAS) or name})
        self._folder = embedder_folder(config)
        self._encoder = Encoder(self._folder, config["threads"])
        self._model_storage = model_storage
        self._resource = resource

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> MiniLMFeaturizer:
        """A fresh component, for training."""
        return cls(config, execution_context.node_name, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> MiniLMFeaturizer:
        """The component of a trained model; raises EmbedderChanged beside other files than it was trained with."""
        component = cls(config, execution_context.node_name, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            trained_with = json.loads((folder / TRAINED_WITH).read_text(encoding="utf-8"))["fingerprint"]
        if trained_with != embedder_fingerprint(component._folder):
            raise EmbedderChanged(
                f"This model was trained with another embedder than the one in {component._folder}: run `rasa train`."
            )
        return component

    def train(self, training_data: TrainingData) -> Resource:
        """Nothing is learned; the embedder's fingerprint goes into the model."""
        with self._model_storage.write_to(self._resource) as folder:
            known = {"fingerprint": embedder_fingerprint(self._folder)}
            (folder / TRAINED_WITH).write_text(json.dumps(known), encoding="utf-8")
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Featurise all training examples in one call, each distinct text once."""
        self.process(training_data.training_examples)
        return training_data

    def process(self, messages: List[Message]) -> List[Message]:
        """Featurise messages; those without text (bare intents of stories) stay as they are."""
        spoken = [message for message in messages if message.get(TEXT)]
        distinct = list(dict.fromkeys(message.get(TEXT) for message in spoken))
        vectors = dict(zip(distinct, self._encoder.encode_with_wording(distinct), strict=True))
        for message in spoken:
            vector = np.asarray(vectors[message.get(TEXT)])[np.newaxis, :]
            message.add_features(Features(vector, FEATURE_TYPE_SENTENCE, TEXT, self._config[FEATURIZER_CLASS_ALIAS]))
        return messages
