"""Rasa component: logistic regression over sentence vectors, strength tuned and confidences calibrated in training.

Rasa's own LogisticRegressionClassifier fixes the strength at C=1 and leaves its confidences as they fall.
"""

from __future__ import annotations

import logging
from typing import Any, Dict, List, Text, Tuple, Type

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.featurizers.featurizer import Featurizer
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from sklearn.linear_model import LogisticRegression

from bot.nlu.intent_model import IntentModel, best_temperature, folds

logger = logging.getLogger(__name__)
MODEL_FILE = "intents.npz"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class TunedIntentClassifier(IntentClassifier, GraphComponent):
    """Predicts `intent` and `intent_ranking` from the dense sentence features set before it."""

    @classmethod
    def required_components(cls) -> List[Type]:
        """A dense featurizer must come before."""
        return [Featurizer]

    @staticmethod
    def required_packages() -> List[Text]:
        """What must be importable in Rasa's environment."""
        return ["sklearn"]

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        """strengths: values of C tried; folds, seed: of the inner cross-validation; ranking_length: of the output."""
        return {"strengths": [3.0, 10.0, 30.0], "folds": 5, "seed": 7, "ranking_length": 10}

    def __init__(self, config: Dict[Text, Any], model_storage: ModelStorage, resource: Resource) -> None:
        """An untrained classifier; raises InvalidConfigException when there is nothing to choose from."""
        if not config["strengths"]:
            raise InvalidConfigException("TunedIntentClassifier needs at least one value in `strengths`.")
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._model: IntentModel | None = None

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> TunedIntentClassifier:
        """A fresh component, for training."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> TunedIntentClassifier:
        """The component of a trained model."""
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            component._model = IntentModel.read(folder / MODEL_FILE)
        return component

    def train(self, training_data: TrainingData) -> Resource:
        """Choose the strength by cross-validation, calibrate on the held-out scores, fit on everything, store."""
        examples = [each for each in training_data.intent_examples if each.get(INTENT) and each.get(TEXT)]
        vectors = _vectors(examples)
        names = [str(each.get(INTENT)) for each in examples]
        labels, truth = np.unique(names, return_inverse=True)
        if len(labels) < 2:
            raise InvalidConfigException("TunedIntentClassifier needs messages of at least two intents.")
        tried = [self._try(vectors, names, truth, strength) for strength in self._config["strengths"]]
        accuracy, strength, temperature = max(tried)
        logger.info("C=%s: %.3f in cross-validation, temperature %.2f", strength, accuracy, temperature)
        final = _fitted(vectors, truth, strength)
        self._model = IntentModel(tuple(labels.tolist()), *_linear(final), temperature)
        with self._model_storage.write_to(self._resource) as folder:
            self._model.save(folder / MODEL_FILE)
        return self._resource

    def _try(
        self, vectors: np.ndarray, names: List[Text], truth: np.ndarray, strength: float
    ) -> Tuple[float, float, float]:
        """(accuracy on messages held out, strength, best temperature for their scores)."""
        numbers = folds(names, self._config["folds"], self._config["seed"])
        held_out = np.full((len(names), truth.max() + 1), -20.0)
        for fold in range(self._config["folds"]):
            apart = numbers == fold
            if not apart.any() or apart.all():
                continue
            model = _fitted(vectors[~apart], truth[~apart], strength)
            weights, bias = _linear(model)
            held_out[np.ix_(apart, model.classes_)] = vectors[apart] @ weights.T + bias
        accuracy = float((held_out.argmax(axis=1) == truth).mean())
        return accuracy, strength, best_temperature(held_out, truth)

    def process(self, messages: List[Message]) -> List[Message]:
        """Set intent and ranking; a message without text keeps an empty intent of confidence 0."""
        for message in messages:
            ranking = self._ranking(message)
            top = ranking[0] if ranking else {"name": None, "confidence": 0.0}
            message.set("intent", top, add_to_output=True)
            message.set("intent_ranking", ranking, add_to_output=True)
        return messages

    def _ranking(self, message: Message) -> List[Dict[Text, Any]]:
        if self._model is None or not message.get(TEXT):
            return []
        confidences = self._model.confidences(_vectors([message]))[0]
        best = np.argsort(-confidences, kind="stable")[: self._config["ranking_length"]]
        return [{"name": self._model.labels[each], "confidence": float(confidences[each])} for each in best]


def _vectors(messages: List[Message]) -> np.ndarray:
    rows = []
    for message in messages:
        _, sentence = message.get_dense_features(TEXT)
        if sentence is None:
            raise InvalidConfigException("TunedIntentClassifier needs a dense featurizer before it in the pipeline.")
        rows.append(np.asarray(sentence.features)[0])
    return np.vstack(rows).astype(np.float64)


def _fitted(vectors: np.ndarray, truth: np.ndarray, strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=300, tol=1e-3).fit(vectors, truth)


def _linear(model: LogisticRegression) -> Tuple[np.ndarray, np.ndarray]:
    """(weights, bias) with a row for each class; scikit-learn keeps one row only when there are two classes."""
    if len(model.classes_) > 2:
        return model.coef_, model.intercept_
    return np.vstack([np.zeros_like(model.coef_), model.coef_]), np.append(0.0, model.intercept_)
