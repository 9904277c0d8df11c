"""Train a small, randomly initialised Qwen3 on counting, on the GPU, and save it as final_model."""

import time

import torch
from transformers import AutoModelForCausalLM, Qwen3Config

VOCABULARY = 4096
LENGTH = 512
BATCH = 32
STEPS = 150

torch.manual_seed(7)
config = Qwen3Config(
    vocab_size=VOCABULARY,
    hidden_size=768,
    intermediate_size=2048,
    num_hidden_layers=8,
    num_attention_heads=12,
    num_key_value_heads=4,
    head_dim=64,
    max_position_embeddings=LENGTH,
    tie_word_embeddings=True,
)
model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).cuda()
print(
    f"{sum(p.numel() for p in model.parameters()) / 1e6:.1f} M parameters on {torch.cuda.get_device_name()}",
    flush=True,
)


def batch() -> torch.Tensor:
    """Sequences that count upwards from a random number, so that there is something to learn."""
    start = torch.randint(0, VOCABULARY, (BATCH, 1), device="cuda")
    return (start + torch.arange(LENGTH, device="cuda")) % VOCABULARY


def train(epoch: int, rate: float) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
    started = time.monotonic()
    for step in range(STEPS):
        tokens = batch()
        loss = model(input_ids=tokens, labels=tokens).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if step % 50 == 0:
            print(f"epoch {epoch} step {step} loss {loss.item():.4f}", flush=True)
    torch.cuda.synchronize()
    speed = STEPS * BATCH * LENGTH / (time.monotonic() - started)
    print(f"epoch {epoch} done, {speed:,.0f} tokens/s", flush=True)


train(1, 3e-4)
model.save_pretrained("checkpoint")
time.sleep(6)
train(2, 1e-4)
model.save_pretrained("final_model")
print("saved final_model", flush=True)
