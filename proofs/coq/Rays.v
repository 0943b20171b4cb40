(** Exact quotients along rays from the equilibrium: [a = q + r a'] and [a = q + r^2 a''] for each
    operation [a] of a program, with an exact number [q] and operations [a'] and [a''] along the ray.

    In words: [proofs/theory/L-RAY.md]; the rules are those of [proofs/checker/blowup.py] for parts
    that start at a rational number, or at a sum of values of functions with rational weights. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language Scalars Inline.
Import ListNotations.
Local Open Scope R_scope.

(** Numbers that programs start from: [Plus q n m] is [q n + m]. *)
Inductive number := Rational (q : Q) | Apply (g : fn) (n : number) | Plus (q : Q) (n m : number).
Fixpoint real (n : number) : R :=
  match n with Rational q => Q2R q | Apply g n => value_of g (real n) | Plus q n m => Q2R q * real n + real m end.

(** What is known of an operation of the original program: where it is along the ray, the number that
    it starts from, and where its quotients of first and second order are. *)
Record entry := Entry { here : nat; start : option number; first : option nat; second : option nat }.

(** Parts to be written; rows need no parts of their own. *)
Inductive part :=
| PAt (p : nat) | PConst (q : Q) | PRow (row : list Q) (args : list nat)
| PAdd (a b : part) | PMul (a b : part) | PMax (a b : part) | PCall (g : fn) (a : part)
| PStep (a : part)
| PQuotient (g : fn) (a b : part) | PQuotient2 (g : fn) (a b : part) | PIncrement (g : fn) (a b : part).

Fixpoint write (t : part) (s : list operation) : list operation * nat :=
  match t with
  | PAt p => (s, p)
  | PConst q => put (OConst q) s
  | PRow row args => put (ORow row args 0) s
  | PAdd a b => let (s1, i) := write a s in let (s2, j) := write b s1 in put (OAdd i j) s2
  | PMul a b => let (s1, i) := write a s in let (s2, j) := write b s1 in put (OMul i j) s2
  | PMax a b => let (s1, i) := write a s in let (s2, j) := write b s1 in put (OMax i j) s2
  | PCall g a => let (s1, i) := write a s in put (OCall g i) s1
  | PStep a => let (s1, i) := write a s in put (OStep i) s1
  | PQuotient g a b => let (s1, i) := write a s in let (s2, j) := write b s1 in put (OQuotient g i j) s2
  | PQuotient2 g a b => let (s1, i) := write a s in let (s2, j) := write b s1 in put (OQuotient2 g i j) s2
  | PIncrement g a b => let (s1, i) := write a s in let (s2, j) := write b s1 in put (OIncrement g i j) s2
  end.
(** [v] is a value of the part, for some choices. *)
Fixpoint is_value (m : list scalar) (t : part) (v : R) : Prop :=
  match t with
  | PAt p => get m p = Some v
  | PConst q => v = Q2R q
  | PRow row args => dot row (map (get m) args) 0 = Some v
  | PAdd a b => exists x y, is_value m a x /\ is_value m b y /\ v = x + y
  | PMul a b => exists x y, is_value m a x /\ is_value m b y /\ v = x * y
  | PMax a b => exists x y, is_value m a x /\ is_value m b y /\ v = Rmax x y
  | PCall g a => exists x, is_value m a x /\ call g x = Some v
  | PStep a => exists x c, is_value m a x /\ v = step c x
  | PQuotient g a b => exists x y c, is_value m a x /\ is_value m b y /\ quotient c g x y = Some v
  | PQuotient2 g a b => exists x y c, is_value m a x /\ is_value m b y /\ quotient2 c g x y = Some v
  | PIncrement g a b => exists x y, is_value m a x /\ is_value m b y /\ increment g x y = Some v
  end.
(** A number as a part. *)
Fixpoint part_of (n : number) : part :=
  match n with
  | Rational q => PConst q
  | Apply g n => PCall g (part_of n)
  | Plus q n m => PAdd (PMul (PConst q) (part_of n)) (part_of m)
  end.
Lemma call_value g x v : call g x = Some v -> v = value_of g x.
Proof. unfold call. destruct (has_value_dec g x); intros H; [now inversion H|discriminate]. Qed.
Lemma part_of_ok m n : forall v, is_value m (part_of n) v -> v = real n.
Proof.
  induction n; simpl; intros v H; auto.
  - destruct H as [x [X C]]. apply call_value in C. now rewrite C, (IHn x X).
  - destruct H as [x [y [[a [b [A [B ->]]]] [Y ->]]]]. simpl in A. now rewrite A, (IHn1 b B), (IHn2 y Y).
Qed.
Fixpoint written_below (n : nat) (t : part) : bool :=
  match t with
  | PAt p => Nat.ltb p n
  | PConst _ => true
  | PRow _ args => below n args
  | PAdd a b | PMul a b | PMax a b | PQuotient _ a b | PQuotient2 _ a b | PIncrement _ a b =>
    written_below n a && written_below n b
  | PCall _ a | PStep a => written_below n a
  end.

Lemma Q2R_zero : Q2R 0 = 0. Proof. unfold Q2R; simpl; lra. Qed.
Lemma written_more n m t : (n <= m)%nat -> written_below n t = true -> written_below m t = true.
Proof.
  intros L. induction t; simpl; intros H; auto;
    try (apply andb_prop in H; destruct H; now rewrite IHt1, IHt2).
  - apply Nat.ltb_lt in H. apply Nat.ltb_lt. lia.
  - unfold below in *. rewrite forallb_forall in *. intros a A. specialize (H a A).
    rewrite Nat.ltb_lt in *. lia.
Qed.
Lemma is_value_old z u s s' t v : extends s s' -> written_below (length s) t = true ->
  is_value (values z u s') t v -> is_value (values z u s) t v.
Proof.
  intros X. pose proof (extends_length _ _ X) as L. revert v.
  induction t; simpl; intros v B H; try (apply andb_prop in B; destruct B as [B1 B2]); auto;
    try (destruct H as [a [b [A [C E]]]]; exists a, b; auto; fail);
    try (destruct H as [a [b [c [A [C E]]]]]; exists a, b, c; auto; fail).
  - apply Nat.ltb_lt in B. now rewrite (get_extends z u s s') in H.
  - rewrite <- H. f_equal. apply map_ext_in. intros j J. symmetry. apply get_extends; auto.
    now apply (below_ok _ args).
  - destruct H as [a [A E]]. exists a. auto.
  - destruct H as [a [k [A E]]]. exists a, k. auto.
Qed.

Lemma lift2_some (f : R -> R -> scalar) a b v : lift2 f a b = Some v ->
  exists x y, a = Some x /\ b = Some y /\ f x y = Some v.
Proof. destruct a, b; simpl; intros H; try discriminate. eauto. Qed.
Lemma lift1_some (f : R -> scalar) a v : lift1 f a = Some v -> exists x, a = Some x /\ f x = Some v.
Proof. destruct a; simpl; intros H; try discriminate. eauto. Qed.
Lemma get_put z u o s : get (values z u (o :: s)) (length s) = operate z (u (length s)) (values z u s) o.
Proof. simpl. rewrite <- (values_length z u s) at 2. apply get_new. Qed.

(** Two parts, one after the other. *)
Lemma write_two z u a b s s1 s2 i j :
  (forall v, get (values z u s1) i = Some v -> is_value (values z u s) a v) ->
  (forall v, get (values z u s2) j = Some v -> is_value (values z u s1) b v) ->
  extends s s1 -> extends s1 s2 -> (i < length s1)%nat -> written_below (length s) b = true ->
  forall x y, get (values z u s2) i = Some x -> get (values z u s2) j = Some y ->
  is_value (values z u s) a x /\ is_value (values z u s) b y.
Proof.
  intros V1 V2 X1 X2 L B x y Hx Hy. rewrite (get_extends z u s1 s2) in Hx by auto. split; auto.
  apply (is_value_old z u s s1); auto.
Qed.

Lemma write_ok z u t : forall s s' p, write t s = (s', p) -> written_below (length s) t = true ->
  extends s s' /\ (p < length s')%nat /\
  forall v, get (values z u s') p = Some v -> is_value (values z u s) t v.
Proof.
  induction t as [p0|q|row args|a IHa b IHb|a IHa b IHb|a IHa b IHb|g a IHa|a IHa
    |g a IHa b IHb|g a IHa b IHb|g a IHa b IHb]; intros s s' p E B; simpl in E, B;
    try (destruct (write a s) as [s1 i] eqn:Ea; destruct (write b s1) as [s2 j] eqn:Eb;
      inversion E; subst; clear E; apply andb_prop in B; destruct B as [B1 B2];
      destruct (IHa _ _ _ Ea B1) as [X1 [L1 V1]]; pose proof (extends_length _ _ X1);
      destruct (IHb _ _ _ Eb (written_more _ _ _ H B2)) as [X2 [L2 V2]];
      pose proof (extends_length _ _ X2);
      split; [eapply extends_trans; [exact X1|]; eapply extends_trans; [exact X2|apply extends_put]|];
      split; [simpl; lia|]; intros v; rewrite get_put; simpl; intros Hv;
      destruct (lift2_some _ _ _ _ Hv) as [x [y [Hx [Hy E]]]];
      destruct (write_two z u a b s s1 s2 i j V1 V2 X1 X2 L1 B2 x y Hx Hy) as [Ix Iy]).
  - inversion E; subst. split; [apply extends_refl|]. split; [now apply Nat.ltb_lt|auto].
  - inversion E; subst. split; [apply extends_put|]. split; [simpl; lia|]. intros v.
    rewrite get_put. simpl. intros H. now inversion H.
  - inversion E; subst. split; [apply extends_put|]. split; [simpl; lia|]. intros v.
    rewrite get_put. simpl. now rewrite Q2R_zero.
  - inversion E. exists x, y. auto.
  - inversion E. exists x, y. auto.
  - inversion E. exists x, y. auto.
  - destruct (write a s) as [s1 i] eqn:Ea. inversion E; subst; clear E.
    destruct (IHa _ _ _ Ea B) as [X1 [L1 V1]]. pose proof (extends_length _ _ X1).
    split; [eapply extends_trans; [exact X1|apply extends_put]|]. split; [simpl; lia|].
    intros v. rewrite get_put. simpl. intros Hv. destruct (lift1_some _ _ _ Hv) as [x [Hx E]].
    exists x. auto.
  - destruct (write a s) as [s1 i] eqn:Ea. inversion E; subst; clear E.
    destruct (IHa _ _ _ Ea B) as [X1 [L1 V1]]. pose proof (extends_length _ _ X1).
    split; [eapply extends_trans; [exact X1|apply extends_put]|]. split; [simpl; lia|].
    intros v. rewrite get_put. simpl. intros Hv. destruct (lift1_some _ _ _ Hv) as [x [Hx E]].
    inversion E. exists x, (u (length s1)). auto.
  - exists x, y, (u (length s2)). auto.
  - exists x, y, (u (length s2)). auto.
  - exists x, y. auto.
Qed.
