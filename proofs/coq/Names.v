(** Names: the error of a model becomes a symbol, so that it cancels where it occurs twice. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Floats Arith.
From Certify Require Import Language Analysis Intervals Arithmetic Bounds Elementary Vectors Forms.
From Certify Require Import Polynomials Products Models Rows.
Import ListNotations.
Local Open Scope R_scope.

(** The error of a model becomes the symbol [k], if nothing there depends on it yet: the coefficients from
    [k] on are 0. *)
Fixpoint ends (k : nat) (v : vec) : bool :=
  match v with
  | End => true
  | Skip v => ends (k - 4) v
  | Part f v =>
    (Nat.ltb 0 k || is_eq (f0 f) 0) && (Nat.ltb 1 k || is_eq (f1 f) 0) &&
    ((Nat.ltb 2 k || is_eq (f2 f) 0) && (Nat.ltb 3 k || is_eq (f3 f) 0)) && ends (k - 4) v
  end.
Definition row_ends (i k : nat) (v : vec) : bool := ends (if Nat.ltb i k then k else 0) v.
Fixpoint form_ends (k : nat) (q : form) : bool :=
  match q with
  | [] => true
  | r :: q => row_ends 0 k (r0 r) && row_ends 1 k (r1 r) && row_ends 2 k (r2 r) && row_ends 3 k (r3 r) &&
              form_ends (k - 4) q
  end.
(** The coefficient [k], which was 0, is [x]. *)
Fixpoint with_last (k : nat) (x : float) (v : vec) : vec :=
  let '(f, w) := match v with End => (zeros, End) | Skip w => (zeros, w) | Part f w => (f, w) end in
  match k with
  | O => Part (Four x (f1 f) (f2 f) (f3 f)) w
  | S O => Part (Four (f0 f) x (f2 f) (f3 f)) w
  | S (S O) => Part (Four (f0 f) (f1 f) x (f3 f)) w
  | S (S (S O)) => Part (Four (f0 f) (f1 f) (f2 f) x) w
  | S (S (S (S k))) =>
    match v with End => Skip (with_last k x End) | Skip w => Skip (with_last k x w) | Part f w => Part f (with_last k x w) end
  end.
Definition named (k : nat) (m : model) : model :=
  match centred (centre (body m)) with
  | Some (c, r) =>
    let p := body m in
    (* errors of rounding alone are not worth a symbol *)
    if is_lt (0x1p-40 * weight p) r && (ends k (slopes p) && form_ends k (squares p)) then
      Model (made (point c) (with_last k r (slopes p)) (squares p)) (range m)
    else m
  | None => m
  end.

(** * Soundness *)

(** [z] and [z'] have the same variables before the number [k]. *)
Definition agree (k : nat) (z z' : nat -> R) : Prop := forall i, (i < k)%nat -> z' i = z i.

Lemma is_eq_zero f : is_eq f 0 = true -> toR f = 0.
Proof. intros H. apply is_eq_finite in H; auto. now rewrite toR_0 in H. Qed.
Lemma lin_agree z z' v : forall i k, ends k v = true -> (forall j, (j < k)%nat -> z' (i + j)%nat = z (i + j)%nat) ->
  lin z' i v = lin z i v.
Proof.
  induction v; intros i k E A; simpl in E; auto.
  - simpl. apply (IHv _ _ E). intros j L. replace (S (S (S (S i))) + j)%nat with (i + (4 + j))%nat by lia.
    apply A. lia.
  - apply andb_prop in E; destruct E as [E Ev]. apply andb_prop in E; destruct E as [E E'].
    apply andb_prop in E; destruct E as [E0 E1]. apply andb_prop in E'; destruct E' as [E2 E3].
    simpl. rewrite (IHv _ _ Ev)
      by (intros j L; replace (S (S (S (S i))) + j)%nat with (i + (4 + j))%nat by lia; apply A; lia).
    f_equal. unfold dot4.
    assert (T : forall c j, Nat.ltb j k || is_eq c 0 = true -> toR c * z' (j + i)%nat = toR c * z (j + i)%nat).
    { intros c j H. apply orb_prop in H; destruct H as [H|H].
      - apply Nat.ltb_lt in H. rewrite (Nat.add_comm j i), A by auto. reflexivity.
      - rewrite (is_eq_zero _ H). ring. }
    pose proof (T _ 0%nat E0) as T0. simpl in T0. rewrite T0, (T _ 1%nat E1), (T _ 2%nat E2), (T _ 3%nat E3).
    reflexivity.
Qed.
Lemma lin_nothing z v i : ends 0 v = true -> lin z i v = 0.
Proof.
  intros E. rewrite <- (lin_agree z (fun _ => 0) v i 0 E) by (intros; lia).
  clear E. revert i. induction v; intros i; simpl; auto. unfold dot4. rewrite IHv. ring.
Qed.
Lemma quad_agree z z' q : forall i k, form_ends k q = true ->
  (forall j, (j < k)%nat -> z' (i + j)%nat = z (i + j)%nat) -> quad z' i q = quad z i q.
Proof.
  induction q as [|r q IH]; intros i k E A; simpl in E; auto.
  repeat (apply andb_prop in E; destruct E as [E ?]).
  assert (T : forall v j, row_ends j k v = true -> z' (j + i)%nat * lin z' i v = z (j + i)%nat * lin z i v).
  { intros v j H'. unfold row_ends in H'. destruct (Nat.ltb_spec j k) as [L|L].
    - rewrite (lin_agree z z' v i k H' A), (Nat.add_comm j i), A by auto. reflexivity.
    - rewrite !lin_nothing by auto. ring. }
  simpl. unfold block. pose proof (T (r0 r) 0%nat ltac:(auto)) as T0. simpl in T0. rewrite T0.
  rewrite (T (r1 r) 1%nat ltac:(auto)), (T (r2 r) 2%nat ltac:(auto)), (T (r3 r) 3%nat ltac:(auto)).
  f_equal. apply (IH _ (k - 4)%nat); auto. intros j L.
  replace (S (S (S (S i))) + j)%nat with (i + (4 + j))%nat by lia. apply A. lia.
Qed.

Lemma with_last_ok z x k : forall i v, ends k v = true ->
  lin z i (with_last k x v) = lin z i v + toR x * z (i + k)%nat.
Proof.
  assert (Small : forall k, (k < 4)%nat -> forall i v, ends k v = true ->
    lin z i (with_last k x v) = lin z i v + toR x * z (i + k)%nat).
  { clear k. intros k L i v E. assert (N : forall c, is_eq c 0 = true -> toR c = 0) by apply is_eq_zero.
    destruct k as [|[|[|[|]]]]; try lia; destruct v; simpl in *; unfold dot4; simpl; rewrite ?toR_0;
      rewrite ?Nat.add_0_r, ?(Nat.add_comm i); simpl;
      try (repeat (apply andb_prop in E; destruct E as [E ?]);
           repeat match goal with H : _ && _ = true |- _ => apply andb_prop in H; destruct H end;
           repeat match goal with H : is_eq ?c 0 = true |- _ => rewrite (N _ H); clear H end); ring. }
  enough (K : forall n k, (k < n)%nat -> forall i v, ends k v = true ->
    lin z i (with_last k x v) = lin z i v + toR x * z (i + k)%nat) by (intros; apply (K (S k)); auto).
  induction n as [|n IH]; intros j L i v E; [lia|].
  destruct (Nat.lt_ge_cases j 4) as [J|J]; [now apply Small|].
  destruct j as [|[|[|[|j]]]]; try lia.
  replace (i + S (S (S (S j))))%nat with (4 + i + j)%nat by lia.
  destruct v as [|v|f v].
  - pose proof (IH j ltac:(lia) (4 + i)%nat End eq_refl) as K. simpl in *. rewrite K. ring.
  - pose proof (IH j ltac:(lia) (4 + i)%nat v) as K. simpl in *. rewrite Nat.sub_0_r in E.
    rewrite (K E). ring.
  - pose proof (IH j ltac:(lia) (4 + i)%nat v) as K. simpl in *. rewrite Nat.sub_0_r in E.
    rewrite (K E). ring.
Qed.

Definition assign (k : nat) (t : R) (z : nat -> R) (i : nat) : R :=
  if Nat.eqb i k then t else z i.
Lemma assign_agree k t z : agree k z (assign k t z).
Proof. intros i L. unfold assign. destruct (Nat.eqb_spec i k); [lia|auto]. Qed.
Lemma assign_unit k t z : in_unit t -> (forall i, in_unit (z i)) -> forall i, in_unit (assign k t z i).
Proof. intros T H i. unfold assign. destruct Nat.eqb; auto. Qed.
Lemma agree_trans k k' z z' z'' : agree k z z' -> agree k' z' z'' -> (k <= k')%nat -> agree k z z''.
Proof. intros A B L i I. rewrite B by lia. now apply A. Qed.

(** A model that holds whatever the variables from [k] on are. *)
Definition models_before (k : nat) (z : nat -> R) (m : model) (v : R) : Prop :=
  forall z', agree k z z' -> (forall i, in_unit (z' i)) -> models z' m v.

Theorem named_ok k z m v : (forall i, in_unit (z i)) -> models_before k z m v ->
  exists t, in_unit t /\ models_before (S k) (assign k t z) (named k m) v.
Proof.
  intros U M.
  assert (Same : exists t, in_unit t /\ models_before (S k) (assign k t z) m v).
  { exists 0. split; [unfold in_unit; lra|]. intros z' A U'. apply M; auto.
    eapply agree_trans; [apply assign_agree|exact A|lia]. }
  unfold named. destruct (centred (centre (body m))) as [[c r]|] eqn:E; auto.
  destruct (is_lt _ r && _) eqn:Ends; auto. apply andb_prop in Ends; destruct Ends as [_ Ends].
  apply andb_prop in Ends; destruct Ends as [E1 E2].
  destruct (M z (fun i _ => eq_refl) U) as [R [S [x [X Eq]]]].
  destruct (centred_ok _ _ _ _ E X) as [Fc [Fr [t [T Ex]]]].
  exists t. split; [exact T|]. intros z' A U'. split; [exact R|].
  apply made_ok. intros B1 B2. exists (toR c). split; [now apply point_ok|].
  rewrite with_last_ok by auto.
  assert (Az : agree k z z') by (eapply agree_trans; [apply assign_agree|exact A|lia]).
  rewrite (lin_agree z z' _ 0 k E1) by exact Az. rewrite (quad_agree z z' _ 0 k E2) by exact Az.
  change (0 + k)%nat with k. rewrite (A k) by lia. unfold assign. rewrite Nat.eqb_refl. simpl. rewrite Eq, Ex. ring.
Qed.
