(** Barriers: functions that are at most 0 on the initial set and positive on the unsafe one, as T-SAFE-D and
    T-SAFE-C ask of them. *)
From Coq Require Import Reals QArith List Lra.
From Certify Require Import Language Theorems.
Local Open Scope R_scope.

Section Barrier.
Variable domain : list (Q * Q).
Variable h : list R -> option R.                       (* the barrier *)
Variables initial unsafe : list (list R -> option R).

(** Where all of the functions are defined and at most 0. *)
Definition region (l : list (list R -> option R)) (x : list R) : Prop :=
  in_box domain x /\ forall a, In a l -> exists v, a x = Some v /\ v <= 0.

(** The obligations [initial] and [unsafe]. *)
Record separates : Prop := Separates
  { initial_s : forall x, in_box domain x -> (exists a v, In a initial /\ a x = Some v /\ 0 < v) \/
      exists v, h x = Some v /\ v <= 0;
    unsafe_s : forall x, in_box domain x -> (exists a v, In a unsafe /\ a x = Some v /\ 0 < v) \/
      exists v, h x = Some v /\ 0 < v }.

Hypothesis C : separates.

Lemma initial_in_set x : region initial x -> in_set domain h 0 x.
Proof.
  intros [B H]. destruct (initial_s C x B) as [[a [v [I [E P]]]]|K]; [|now split].
  destruct (H a I) as [u [U L]]. rewrite E in U. inversion U. lra.
Qed.
Lemma set_is_safe x : in_set domain h 0 x -> ~ region unsafe x.
Proof.
  intros [B [v [Hv L]]] [_ H]. destruct (unsafe_s C x B) as [[a [u [I [E P]]]]|[u [U P]]].
  - destruct (H a I) as [u' [U L']]. rewrite E in U. inversion U. lra.
  - rewrite Hv in U. inversion U. lra.
Qed.
End Barrier.
